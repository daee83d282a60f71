import './zod-settings.ts';

export { verifyBuild, verifyTarball } from '../lib/verify-build.ts';
