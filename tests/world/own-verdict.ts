import { findNodeFault } from '../../site/lib/spack/node-faults.ts';
import { refuseAmbiguousJson } from '../../site/lib/spack/node-text.ts';
import { NARROWER, ReadableNode } from '../../site/schemas/readable-node.ts';

/** This project's verdict on a node. */
export interface OwnVerdict {
  fault: string | undefined;
  /** Whether it is refused only by rules narrower than Spack's, so that Spack may still read it. */
  isNarrower: boolean;
}

/** Decides whether a node would be published, else which kind of rule refuses it. */
export function judge(text: string): OwnVerdict {
  const fault = findNodeFault({ text });
  if (fault === undefined) return { fault, isNarrower: false };
  try {
    refuseAmbiguousJson(text);
  } catch {
    // Spack accepts numbers of hundreds of digits and duplicate keys.
    return { fault, isNarrower: !/\d{4301}/.test(text) };
  }
  const issues = ReadableNode.safeParse(JSON.parse(text)).error?.issues ?? [];
  const sentences = new Set<string>(Object.values(NARROWER));
  return { fault, isNarrower: issues.every(({ message }) => sentences.has(message)) };
}
