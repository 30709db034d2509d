// `npm run quickstart`: works in a fresh clone, where nothing is installed. Installs the npm packages, then hands over.
import { ensureNpmPackages } from './setup/npm-packages.mjs';

process.env.VIDEOCAP_NPM_SECONDS = String(ensureNpmPackages());
process.argv.splice(2, 0, 'quickstart');
await import('./videocap.mjs');
