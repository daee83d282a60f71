import type { z } from 'zod';
import { refuseDeepJson } from '../../lib/spack/node-text.ts';

/** Time without data after which a sibling is left out. */
const TIMEOUT_MS = 30_000;

/**
 * Reads a document of another site up to a limit, and checks its shape, because it may be wrong or hostile.
 * Errors are one sentence that names the address.
 */
export async function readSibling<Shape>(
  address: string,
  schema: z.ZodType<Shape>,
  limitBytes: number,
): Promise<Shape> {
  const text = await fetchText(address, limitBytes).catch((error: unknown) => {
    throw new Error(`${address} cannot be read: ${describe(error)}`);
  });
  const result = schema.safeParse(parse(text));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(
    `${address} is not a document of a cache: ${issue?.path.join('.')}: ${issue?.message}`.slice(0, 300),
  );
}

/** Describes an error. Browsers do not let pages know why another site cannot be read. */
function describe(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `no answer within ${TIMEOUT_MS / 1_000} seconds`;
  if (error instanceof TypeError)
    return 'no answer, or it has moved to another address, or does not let other sites read it';
  return error instanceof Error ? error.message : 'no answer';
}

async function fetchText(address: string, limitBytes: number): Promise<string> {
  const response = await fetch(address, {
    credentials: 'omit',
    referrerPolicy: 'no-referrer',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (!chunk || chunk.done) break;
    size += chunk.value.length;
    if (size > limitBytes) {
      await reader?.cancel();
      throw new Error(`it has more than ${limitBytes} bytes`);
    }
    parts.push(decoder.decode(chunk.value, { stream: true }));
  }
  return parts.join('');
}

function parse(text: string): unknown {
  try {
    // Before parsing, because each level and each list takes far more memory than its characters.
    refuseDeepJson(text);
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
