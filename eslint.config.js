// @ts-check
import eslint from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import { defineConfig } from 'eslint/config';
import globals from 'globals';
import tseslint from 'typescript-eslint';
import svelteOptions from './svelte.config.js';

/** Imports point one way: protocol <- onnx <- engine <- worker <- the hosts; the hub sees protocol and onnx. Machine is for what runs on Node. */
const hosts = ['node-worker', 'browser-worker', 'headless-browsers'];
const mayNotImport = {
  'packages/api': ['machine', 'protocol', 'onnx', 'engine', 'worker', ...hosts, 'hub'],
  'packages/machine': ['api', 'protocol', 'onnx', 'engine', 'worker', ...hosts, 'hub'],
  'packages/protocol': ['api', 'machine', 'onnx', 'engine', 'worker', ...hosts, 'hub'],
  'packages/onnx': ['machine', 'engine', 'worker', ...hosts, 'hub'],
  'packages/engine': ['machine', 'worker', ...hosts, 'hub'],
  'packages/worker': ['machine', ...hosts, 'hub'],
  'packages/node-worker': ['browser-worker', 'headless-browsers', 'hub'],
  'packages/browser-worker': ['machine', 'node-worker', 'headless-browsers', 'hub'],
  'packages/headless-browsers': ['onnx', 'engine', 'browser-worker', 'hub'],
  hub: ['engine', 'worker', ...hosts, 'client'],
};

export default defineConfig(
  { ignores: ['**/node_modules', 'bench/results', 'client/build', '**/.svelte-kit'] },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js', 'bin/*.js'] },
        tsconfigRootDir: import.meta.dirname,
        // The same for all files: each change would load the program anew.
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
    },
  },
  svelte.configs.recommended,
  {
    files: ['client/src/**/*.svelte', 'client/src/**/*.svelte.ts'],
    languageOptions: {
      globals: globals.browser,
      parserOptions: {
        projectService: true,
        extraFileExtensions: ['.svelte'],
        parser: tseslint.parser,
        svelteConfig: svelteOptions,
      },
    },
    // svelte-check knows names and types in components.
    rules: { 'no-undef': 'off' },
  },
  // The compiler checks names in JavaScript too (checkJs).
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked], rules: { 'no-undef': 'off' } },
  ...Object.entries(mayNotImport).map(([folder, names]) => ({
    files: [`${folder}/**/*.ts`],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: names.map((name) => ({ group: [`@potluck/${name}`, `@potluck/${name}/*`] })) },
      ],
    },
  })),
);
