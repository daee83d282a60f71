import { findNodeFault } from '../../site/lib/spack/node-faults.ts';
import { refuseAmbiguousJson } from '../../site/lib/spack/node-text.ts';
import { NARROWER, ReadableNode } from '../../site/schemas/readable-node.ts';

/** This project's verdict on a node. */
export interface OwnVerdict {
  fault: string | undefined;
  /** Whether only rules that are narrower than Spack's refuse it, so that Spack may read it. */
  isNarrower: boolean;
}

/** Says whether a node would be published, and by what kind of rule it is refused. */
export function judge(text: string): OwnVerdict {
  const fault = findNodeFault({ text });
  if (fault === undefined) return { fault, isNarrower: false };
  try {
    refuseAmbiguousJson(text);
  } catch {
    // Spack reads numbers of some hundred digits and keys that occur twice.
    return { fault, isNarrower: !/\d{4301}/.test(text) };
  }
  const issues = ReadableNode.safeParse(JSON.parse(text)).error?.issues ?? [];
  const sentences = new Set<string>(Object.values(NARROWER));
  return { fault, isNarrower: issues.every(({ message }) => sentences.has(message)) };
}
