// @ts-check
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import svelteOptions from './svelte.config.js';

// Types of all components are worked out once, not once for each component that is checked. Read when the parser is loaded.
process.env['SVELTE_ESLINT_PARSER_EXPERIMENTAL_TS_SYS_HOOK'] = '1';
const { default: svelte } = await import('eslint-plugin-svelte');

// Components only: oxlint checks all other files, types included, in a tenth of the time (.oxlintrc.json).
export default defineConfig({
  files: ['client/src/**/*.svelte', 'client/src/**/*.svelte.ts'],
  extends: [eslint.configs.recommended, tseslint.configs.recommendedTypeChecked, svelte.configs.recommended],
  languageOptions: {
    globals: globals.browser,
    parserOptions: {
      projectService: true,
      tsconfigRootDir: import.meta.dirname,
      extraFileExtensions: ['.svelte'],
      parser: tseslint.parser,
      svelteConfig: svelteOptions,
    },
  },
  rules: {
    '@typescript-eslint/consistent-type-imports': 'error',
    '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    '@typescript-eslint/require-await': 'off',
    '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    // svelte-check knows names and types in components.
    'no-undef': 'off',
  },
});
