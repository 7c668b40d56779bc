import { resolve } from 'node:path';
import { defineConfig } from 'vite';

const source = (name) => resolve(import.meta.dirname, 'src', name);

// One entry per island; web/assets.py reads the manifest to find the hashed names.
export default defineConfig({
  base: '/static/dist/',
  publicDir: false,
  build: {
    outDir: resolve(import.meta.dirname, '../static/dist'),
    emptyOutDir: true,
    manifest: 'manifest.json',
    target: 'es2020',
    cssTarget: 'chrome87',
    // CSS and fonts stay files: the pages' Content-Security-Policy is strict
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 3000,
    rollupOptions: {
      input: {
        designer: source('designer/index.js'),
        staff: source('staff/index.js'),
        fonts: source('fonts.css'),
      },
    },
  },
});
