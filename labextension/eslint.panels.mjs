// The scripts of panels and reports, which no build touches. They lie outside this folder, and
// ESLint looks at nothing outside of where it runs: `jlpm lint` runs it in the root.
import eslint from '@eslint/js';
import importPlugin from 'eslint-plugin-import';

// What the scripts need of a browser.
const BROWSER = `
  Blob CSS DOMParser DecompressionStream Event ImageDecoder IntersectionObserver MutationObserver
  Node OffscreenCanvas OfflineAudioContext ResizeObserver Response TextDecoder URL addEventListener
  atob cancelAnimationFrame clearInterval clearTimeout createImageBitmap document getComputedStyle
  innerHeight innerWidth matchMedia navigator performance removeEventListener requestAnimationFrame
  setInterval setTimeout structuredClone window
`;

export default [
  eslint.configs.recommended,
  {
    files: ['**/*.js'],
    plugins: { import: importPlugin },
    languageOptions: {
      ecmaVersion: 2024,
      sourceType: 'module',
      globals: Object.fromEntries(BROWSER.split(/\s+/u).map(name => [name, 'readonly']))
    },
    rules: {
      eqeqeq: 'error',
      'import/named': 'error',
      'import/no-cycle': 'error',
      'import/no-unresolved': 'error',
      'no-var': 'error',
      'prefer-const': 'error'
    }
  }
];
