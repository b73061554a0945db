/** Axe finds nothing serious anywhere in the app: the other widths and themes. */
import { testAccessibility } from './support/accessibilityTests.ts';
import { appOnHub } from './support/appOnHub.ts';
import { hubOfWholePages } from './support/appPage.ts';

const app = appOnHub({
  flags: hubOfWholePages,
  viewport: { width: 1280, height: 900 },
  reusesPage: true,
});

testAccessibility(app, {
  pages: [
    { width: 1280, colorScheme: 'dark' },
    { width: 390, colorScheme: 'light' },
  ],
  dialogs: ['light'],
});
