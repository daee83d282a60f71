/** Codes of a server that is not there; asking again at once does not help. */
const ABSENT_CODES = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'bad port'];

/** A request failed before there was an answer. */
export class ConnectionError extends Error {
  /** The system's or OpenSSL's code, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Whether asking again may help. */
  readonly isTemporary: boolean;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
    this.isTemporary = !ABSENT_CODES.includes(code) && !isCertificateCode(code);
  }
}

/** A server is busy or broken in a way that may pass: the same request may succeed later. */
export class TemporaryError extends Error {
  /** Milliseconds that the server asks to wait; undefined when it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    { retryAfterMs, cause }: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? {} : { cause });
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether a code of OpenSSL says that a server's certificate is not trusted. */
export function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(code);
}

/** The first line of a server's words, for a sentence of ours. */
export function firstLine(text: string): string {
  return text.trim().split('\n', 1)[0]?.slice(0, 300) || 'no explanation';
}
