/** Axe finds nothing serious anywhere in the app: each width and each theme once. */
import { testAccessibility } from './support/accessibilityTests.ts';

testAccessibility({
  pages: [
    { width: 1280, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
  ],
  dialogs: ['dark'],
});
