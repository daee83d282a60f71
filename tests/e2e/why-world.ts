import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { digestOf, blobOf } from '../../scripts/cli/digest.ts';
import { explainBuild, type WhyAnswer } from '../../scripts/coverage/why.ts';
import { blobRecord, manifestText } from '../../scripts/build-cache/mirror-manifest.ts';
import { makeKey } from '../../scripts/signing/key.ts';
import {
  INDEX_MEDIA_TYPE,
  KEY_INDEX_MEDIA_TYPE,
  KEY_MEDIA_TYPE,
} from '../../site/schemas/mirror-manifest.ts';
import { findRecipes, openSpack, type Spack } from '../world/spack.ts';

/** Five packages with their dependencies. */
export const PACKAGES: Record<string, string> = {
  'w-tool': '',
  'w-lib': '',
  'w-script': 'depends_on("w-tool", type="run")',
  'w-app': 'depends_on("w-lib")',
  'w-suite': 'depends_on("w-lib")\n    depends_on("w-script", type="run")',
};

/** Recipes that Spack's compiler runtime refers to but nothing here needs. */
const STUBS = ['bison', 'gawk', 'gettext', 'gmake', 'linux-headers', 'perl', 'python', 'sed', 'texinfo'];

/**
 * The part of Spack's gcc recipe that affects how compilers and their runtime are concretized, without its 60
 * dependencies.
 */
const GCC = `from spack.package import *
from spack_repo.builtin.build_systems.compiler import CompilerPackage


class Gcc(CompilerPackage, Package):
    has_code = False
    version("13.2.0")
    version("12.2.0")
    provides("c", "cxx")
    compiler_languages = ["c", "cxx"]
    c_names = ["gcc"]
    cxx_names = ["g++"]

    @classmethod
    def runtime_constraints(cls, *, spec, pkg):
        build = f"%[deptypes=build] {spec.name}@{spec.versions}"
        for language in ("c", "cxx"):
            when = f"%[deptypes=build virtuals={language}] {spec.name}@{spec.versions}"
            pkg("*").depends_on(f"gcc-runtime@{spec.version}:", when=when, type="link", description="runtime")
        pkg("gcc-runtime").requires(f"@{spec.versions}", when=build)
        pkg("*").propagate(f"gcc@:{spec.version}", when=build)
`;

function recipe(name: string, more: string): string {
  const words = name.split('-').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `from spack.package import *


class ${words.join('')}(Package):
    has_code = False
    version("1.1")
    version("1.0")
    variant("loud", default=False, description="Shout")
    ${more}

    def install(self, spec, prefix):
        mkdirp(prefix.bin)
`;
}

/** Names of caches: a usable one, those of another machine or recipe, and one without the packages. */
export type CacheName = 'here' | 'os' | 'libc' | 'target' | 'recipe' | 'lacking' | 'signed';

/** A consumer with a real Spack and several caches; cached specs are concretized but never built. */
export interface WhyWorld {
  url(cache: CacheName): string;
  /** Starts a new consumer with only these settings files. */
  begin(files: Record<string, string>): Promise<void>;
  why(spec: string, cache: CacheName): Promise<WhyAnswer>;
  /** Runs the proposed line; returns the spec to request now. */
  type(line: string, spec: string, cache: CacheName): Promise<string>;
  /** This machine's operating system by its name in Spack. */
  hostSystem(): Promise<string>;
  close(): Promise<void>;
}

export async function openWhyWorld(spack: Spack): Promise<WhyWorld> {
  const folder = await mkdtemp('/tmp/');
  const home = await openSpack(spack, []);
  const owner = join(folder, 'owner');
  await writeRecipes(folder, (await findRecipes(spack.program)) ?? '');
  await mkdir(owner);
  await writeFile(
    join(owner, 'repos.yaml'),
    `repos:\n  tiny: ${join(folder, 'r/spack_repo/tiny')}\n  builtin: ${join(folder, 'r/spack_repo/builtin')}\n`,
  );
  const compilers = ['12.2.0', '13.2.0'].map((version) => ({
    spec: `gcc@${version} languages:='c,c++'`,
    prefix: '/usr',
    extra_attributes: { compilers: { c: '/usr/bin/gcc', cxx: '/usr/bin/g++' } },
  }));
  const packages = { gcc: { buildable: false, externals: compilers } };
  await writeFile(join(owner, 'packages.yaml'), JSON.stringify({ packages }));
  const key = await makeKey({ name: 'Cache', date: new Date('2026-01-01T00:00:00Z') });
  const url = (cache: CacheName): string => `file://${join(folder, cache)}`;
  const run = (args: string[]) => home.run(['-C', owner, ...args]);
  const expectRun = async (args: string[]): Promise<void> => {
    const { code, output } = await run(args);
    if (code !== 0) throw new Error(`spack ${args.join(' ')}: ${output}`);
  };

  async function solve(caches: { cache: CacheName; specs: string[]; change?: string }[]): Promise<void> {
    const question = join(folder, 'question.json');
    const asked = caches.map(({ cache, ...rest }) => ({ ...rest, out: join(folder, `${cache}.json`) }));
    await writeFile(question, JSON.stringify(asked));
    await expectRun(['python', join(import.meta.dirname, '../world/solved-index.py'), question]);
    for (const { cache } of caches)
      await writeIndex(join(folder, cache), await readFile(join(folder, `${cache}.json`), 'utf8'));
  }

  const specs = Object.keys(PACKAGES);
  const old = Object.fromEntries([...specs, 'w-helper'].map((name) => [name, { require: '@1.0' }]));
  await home.configure('packages.yaml', JSON.stringify({ packages: old }));
  await solve([
    { cache: 'here', specs },
    { cache: 'signed', specs },
    ...(['os', 'libc', 'target'] as const).map((change) => ({ cache: change, specs, change })),
  ]);
  await rm(join(home.config, 'packages.yaml'));
  await solve([
    { cache: 'recipe', specs, change: 'recipe' },
    { cache: 'lacking', specs: ['w-helper'] },
  ]);
  const caches = ['here', 'signed', 'os', 'libc', 'target', 'recipe', 'lacking'] as const;
  const begun = await Promise.all(
    caches.map(async (cache) => [cache, await readFile(join(folder, `${cache}.json`), 'utf8')] as const),
  );
  await writeKey(folder, key);

  return {
    url,
    begin: async (files) => {
      for (const name of await readdir(home.config)) {
        if (['mirrors.yaml', 'packages.yaml', 'concretizer.yaml'].includes(name))
          await rm(join(home.config, name));
      }
      for (const [cache, text] of begun) await writeIndex(join(folder, cache), text);
      await expectRun(['clean', '--misc-cache']);
      await rm(home.keys, { recursive: true });
      await mkdir(home.keys, { mode: 0o700 });
      for (const [name, text] of Object.entries(files)) await home.configure(name, text);
    },
    why: (spec, cache) =>
      explainBuild(spec, { cache: url(cache), spack: '', config: [owner], try: true }, (args) =>
        home.run(args),
      ),
    type: async (line, spec, cache) => {
      let next = spec;
      for (const command of line.split(' && ')) {
        if (command.startsWith('gh ')) {
          // The owner's machines, including those of new targets, are like this one.
          const [, asked = ''] = /specs='([^']*)'/.exec(command) ?? [];
          await solve([{ cache, specs: [asked] }]);
          await expectRun(['clean', '--misc-cache']);
        } else if (command.startsWith('spack install ')) next = command.replace('spack install ', '');
        else {
          const { code, output } = await home.type(command);
          if (code !== 0) throw new Error(`${command}: ${output}`);
        }
      }
      return next;
    },
    hostSystem: async () => (await home.run(['arch', '--operating-system'])).stdout.trim(),
    close: async () => {
      await home.close();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * Writes recipes below `folder/r/spack_repo`: the packages, in `tiny`, and the part of Spack's own that compilers need, in
 * `builtin`.
 */
export async function writeRecipes(folder: string, builtin: string, packages = PACKAGES): Promise<void> {
  const write = async (namespace: string, name: string, text: string): Promise<void> => {
    const path = join(folder, 'r/spack_repo', namespace, 'packages', name.replaceAll('-', '_'));
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'package.py'), text);
  };
  const c = 'depends_on("c", type="build")';
  for (const [name, more] of Object.entries(packages))
    await write('tiny', name, recipe(name, `${c}\n    depends_on("w-helper", type="build")\n    ${more}`));
  await write('tiny', 'w-helper', recipe('w-helper', ''));
  await write('builtin', 'gcc', GCC);
  for (const name of STUBS) await write('builtin', name, recipe(name, ''));
  await writeFile(join(folder, 'r/spack_repo/tiny/repo.yaml'), 'repo:\n  namespace: tiny\n  api: v2.2\n');
  const own = join(folder, 'r/spack_repo/builtin');
  for (const name of await readdir(builtin)) {
    if (name !== 'packages') await symlink(join(builtin, name), join(own, name));
  }
  for (const name of ['gcc_runtime', 'glibc', 'compiler_wrapper'])
    await symlink(join(builtin, 'packages', name), join(own, 'packages', name));
}

/** Writes the index to the path where Spack looks for it. */
export async function writeIndex(root: string, text: string): Promise<void> {
  await writeBlob(root, 'v3/manifests/index/index.manifest.json', text, INDEX_MEDIA_TYPE);
  await writeFile(join(root, 'v3/layout.json'), '{"signing": "gpg"}');
}

async function writeKey(
  folder: string,
  { fingerprint, publicKey }: { fingerprint: string; publicKey: string },
): Promise<void> {
  const root = join(folder, 'signed');
  const index = JSON.stringify({ keys: { [fingerprint]: {} } });
  await writeBlob(root, 'v3/manifests/key/keys.manifest.json', index, KEY_INDEX_MEDIA_TYPE);
  await writeBlob(root, `v3/manifests/key/${fingerprint}.key.manifest.json`, publicKey, KEY_MEDIA_TYPE);
}

async function writeBlob(root: string, manifest: string, text: string, mediaType: string): Promise<void> {
  const hex = digestOf(text).slice('sha256:'.length);
  const blob = join(root, 'blobs/sha256', hex.slice(0, 2), hex);
  for (const path of [blob, join(root, manifest)]) await mkdir(dirname(path), { recursive: true });
  await writeFile(blob, text);
  const record = blobRecord(blobOf(Buffer.from(text)), mediaType, 'none');
  await writeFile(join(root, manifest), manifestText([record]));
}
