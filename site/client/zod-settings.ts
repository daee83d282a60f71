import { config } from 'zod';

// Zod would test whether it may compile code, which the Content-Security-Policy forbids and browsers report.
// Must be imported before any schema, because schemas read this setting when they are created.
config({ jitless: true });
