import { config } from 'zod';

// Zod would try whether it may compile code, which the Content-Security-Policy refuses and browsers report.
// To be imported before any schema, since schemas ask when they are made.
config({ jitless: true });
