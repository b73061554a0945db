/** Axe finds nothing serious anywhere in the app: the other widths and themes. */
import { testAccessibility } from './support/accessibilityTests.ts';

testAccessibility({
  pages: [
    { width: 1280, colorScheme: 'dark' },
    { width: 390, colorScheme: 'light' },
  ],
  dialogs: ['light'],
});
