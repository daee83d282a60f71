import { createRandom, type Random } from './random.ts';
import type { Template } from './templates.ts';

/** A recipe to build: a real package in one of its real forms, or a package invented from one. */
export interface Recipe {
  /** Unique among recipes. */
  id: string;
  name: string;
  /** The real node that it is based on. */
  template: Template;
  /** Invented dependencies in addition to those of its template. */
  extra: Recipe[];
}

/** Real and invented recipes, most popular first. */
export interface Population {
  real: Recipe[];
  invented: Recipe[];
}

/**
 * Families of invented packages: their share, the prefix of their names, and the real packages that they
 * resemble.
 */
const FAMILIES = [
  { share: 0.45, prefix: 'py-', like: /^py-/ },
  { share: 0.2, prefix: 'r-', like: /^r-/ },
  { share: 0.05, prefix: 'perl-', like: /^perl-/ },
  {
    share: 0.15,
    prefix: 'lib',
    like: /^(lib(png|aec|event|tiff|idn2)|json-c|yaml-cpp|fmt|c-blosc2|gsl|zfp)$/,
  },
  { share: 0.15, prefix: '', like: /^(samtools|bwa|htop|tmux|bcftools|hypre|kokkos|gdb|proj|sqlite|pigz)$/ },
] as const;

const FIRST_WORDS =
  'aero alpha amber aqua astro atlas aurora auto basin bio bright cargo chem cirrus clim cloud cobalt copper coral cosmo crystal data deep delta dense dyna echo eco edge ember fast field flex flow flux fuse geo giga glass gravi grid halo helio hydro hyper inter iron jet kine lattice lumen luna macro magma mars meta micro mono multi nano neo neuro nova omni open opti orbit para particle pico plasma poly prism proto quanta quick rapid river sigma silver sky solar sonic spark stellar strata swift tensor terra thermo tidal ultra vector velo volta wave xeno zephyr zero';
const LAST_WORDS =
  'align array atlas base bench bind block board bridge build cache calc cast chart chunk clock cluster codec core craft cube deck dock draw drive engine fetch fit fold forge form frame gate graph guard hash index input kit lab lens link list loader log loop map mark mesh mind model net node pack parse path phase pipe plan plot pool port probe query queue rank reader ring route sample scan schema score seek shape shift sim sketch solve sort spec stack stat store stream sync table tape test tile trace track tree tune view wire writer zone';

/** Adds `count` invented recipes to the real ones; some depend on others of their family. */
export function createPopulation(templates: Iterable<Template>, count: number, seed: number): Population {
  const real = [...templates]
    .filter(({ external }) => external === undefined)
    .map((template) => ({ id: template.hash, name: template.name, template, extra: [] }));
  const names = new Set(real.map(({ name }) => name));
  const invented: Recipe[] = [];
  while (invented.length < count) {
    const random = createRandom(`recipe ${seed} ${invented.length}`);
    const family = pickFamily(random);
    const name = pickName(random, family.prefix, names);
    names.add(name);
    const relatives = invented.filter(({ name }) => familyOf(name) === family.prefix);
    invented.push({
      id: name,
      name,
      template: random.pick(real.filter(({ name }) => family.like.test(name))).template,
      extra: pickPopular(random, relatives),
    });
  }
  return { real, invented };
}

/** Picks from a list ordered by popularity; the first items are picked most often. */
export function pickEarly<T>(random: Random, list: readonly T[]): T {
  return random.pick(list.slice(0, Math.max(1, Math.ceil(list.length * random.fraction()))));
}

function pickFamily(random: Random): (typeof FAMILIES)[number] {
  let rest = random.fraction();
  return FAMILIES.find(({ share }) => (rest -= share) < 0) ?? FAMILIES[0];
}

function familyOf(name: string): string {
  return FAMILIES.find(({ prefix }) => name.startsWith(prefix))?.prefix ?? '';
}

function pickName(random: Random, prefix: string, taken: ReadonlySet<string>): string {
  const word = () =>
    `${prefix}${random.pick(FIRST_WORDS.split(' '))}${prefix === 'lib' ? '' : '-'}${random.pick(LAST_WORDS.split(' '))}`;
  let name = word();
  while (taken.has(name)) name = `${word()}${1 + random.below(99)}`;
  return name;
}

/** Picks none in half of the cases, else up to three, popular ones more often. */
function pickPopular(random: Random, relatives: Recipe[]): Recipe[] {
  const picked = new Set<Recipe>();
  if (relatives.length === 0 || random.chance(0.5)) return [];
  for (let left = 1 + random.below(3); left > 0; left -= 1) picked.add(pickEarly(random, relatives));
  return [...picked];
}
