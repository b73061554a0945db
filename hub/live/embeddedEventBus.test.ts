import { embeddedEventBus } from './embeddedEventBus.ts';
import { runEventBusTests } from '../testing/eventBusTests.ts';

runEventBusTests((journalLength) => embeddedEventBus({ journalLength }));
