/** What holds on every page of the app, on one hub: nothing jumps, keys lead everywhere, and axe finds nothing serious. */
import { testAccessibility } from './support/accessibilityTests.ts';
import { appOnHub } from './support/appOnHub.ts';
import { hubOfWholePages } from './support/appPage.ts';
import { testKeyboard } from './support/keyboardTests.ts';
import { testLayoutShift } from './support/layoutShiftTests.ts';

const app = appOnHub({
  flags: hubOfWholePages,
  viewport: { width: 1280, height: 900 },
  reusesPage: true,
});

testLayoutShift(app);
testKeyboard(app);
// Each width and each theme once.
testAccessibility(app, {
  pages: [
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ],
  dialogs: ['dark'],
});
