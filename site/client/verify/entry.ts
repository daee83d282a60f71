import '../zod-settings.ts';

export { verifyBuild, verifyTarball } from './checks.ts';
