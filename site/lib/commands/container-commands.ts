import type { Build } from '../../schemas/build.ts';
import type { Node } from '../../schemas/node.ts';

/** Base images that have the C library of an operating system, by Spack's name of it without the release. */
const BASE_IMAGES: Record<string, string> = {
  almalinux: 'almalinux',
  alpine: 'alpine',
  amzn: 'amazonlinux',
  amazon_linux: 'amazonlinux',
  centos: 'centos',
  debian: 'debian',
  fedora: 'fedora',
  opensuse: 'opensuse/leap',
  rhel: 'redhat/ubi',
  rocky: 'rockylinux/rockylinux',
  ubuntu: 'ubuntu',
};

/** The program of a build that a command shows: the one of its own name, or the first; undefined for one without a plain name. */
export function mainProgram({ contents, name }: Pick<Build, 'contents' | 'name'>): string | undefined {
  const [program] = contents.programs.includes(name) ? [name] : contents.programs;
  return program !== undefined && /^[\w.+-]+$/.test(program) ? program : undefined;
}

/**
 * Runs a program of a build in a container. An image holds what Spack built and nothing else, and a program needs
 * the C library of the system that it was built on: so it is laid over that system's own image first.
 * None for a build without programs or for a system whose image is not known.
 */
export function containerCommands(node: Node, build: Build, reference: string): string[] {
  const { contents, image, name } = build;
  const program = mainProgram(build);
  const base = baseImage(node);
  if (program === undefined || base === undefined || !image.runnable) return [];
  if (!/^[\w./+-]+$/.test(contents.prefix)) return [];
  const { prefix } = contents;
  const file = `FROM ${base}\\nCOPY --from=${reference} / /\\nENV PATH=${prefix}/bin:${prefix}/sbin:$PATH\\n`;
  const local = `spack-${name.toLowerCase()}`;
  return [`printf '${file}' | docker build --tag ${local} -`, `docker run --rm -it ${local} ${program}`];
}

function baseImage(node: Node): string | undefined {
  const [, system = '', release = ''] = /^([a-z_]+?)_?([\d.]*)$/.exec(node.arch.platform_os) ?? [];
  const image = BASE_IMAGES[system];
  if (image === undefined || node.arch.platform !== 'linux') return undefined;
  return system === 'rhel' ? `${image}${release}` : `${image}:${release || 'latest'}`;
}
