/**
 * Start of a token that belongs to the spec before it: `+mpi`, `~gui`, `-gui`, `^zlib`, `%gcc`, `@1.2`,
 * `/abc`.
 */
const SIGIL = /^[@+~^%/-]/;
/** `target=x86_64_v3`, `cflags=="-O2 -g"`: a value for the spec before it. */
const ASSIGNMENT = /^[A-Za-z_][\w.-]*:?={1,2}/;
/** A token that the next one belongs to: `^ zlib`, `%[virtuals=c] gcc`. */
const UNFINISHED = /(^|[^=])[\^%@]$|^[\^%]\[[^\]]*\]$/;

/**
 * Splits typed text into specs in Spack's notation: one per line, or several on a line as on Spack's command
 * line, where `hdf5 +mpi ^openmpi zlib` is two specs. A spec may also be quoted as a whole. Removes
 * duplicates. Throws when a quote is not closed or a line does not begin with a package.
 */
export function splitSpecs(text: string): string[] {
  const specs: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    let open: string | undefined;
    let last = '';
    for (const { token, quoted } of tokensOf(line)) {
      const continues = !quoted && open !== undefined && belongsTo(last, token);
      if (!continues && open !== undefined) specs.push(open);
      open = continues ? `${open} ${token}` : expectSpec(token, line);
      last = token;
    }
    if (open !== undefined) specs.push(open);
  }
  return [...new Set(specs)];
}

function belongsTo(last: string, token: string): boolean {
  return SIGIL.test(token) || ASSIGNMENT.test(token) || UNFINISHED.test(last);
}

function expectSpec(token: string, line: string): string {
  if (/^[\w/]/.test(token)) return token;
  throw new Error(`specs: expected each line to begin with a package, found "${line.trim().slice(0, 100)}"`);
}

interface Token {
  token: string;
  /**
   * Whether the whole token was in quotes, which are removed. Quotes inside a token are Spack's and are kept.
   */
  quoted: boolean;
}

/** Splits a line at spaces, except in quotes and brackets. Throws when a quote is not closed. */
export function tokensOf(line: string, what = 'specs'): Token[] {
  const tokens: Token[] = [];
  // Brackets contain an edge's attributes: `^[deptypes=build virtuals=c] gcc` has spaces inside.
  for (const [token] of line.matchAll(/(?:"[^"]*"|'[^']*'|\[[^\][]*\]|[^\s"'[]|\[)+|["']/g)) {
    if (token === '"' || token === "'") {
      throw new Error(`${what}: expected a closing ${token} in "${line.trim().slice(0, 100)}"`);
    }
    const whole = /^"([^"]*)"$|^'([^']*)'$/.exec(token);
    tokens.push({ token: whole ? (whole[1] ?? whole[2] ?? '').trim() : token, quoted: whole !== null });
  }
  return tokens.filter(({ token }) => token !== '');
}
