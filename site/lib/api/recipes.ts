import { targetOf } from '../../schemas/node.ts';
import type { CatalogBuild, SiteCatalog } from '../catalog/site-catalog.ts';
import { apiPath, externalUrl, mirrorName, siteAddress } from '../url.ts';
import { ENDPOINTS } from './endpoints.ts';
import type { Commands } from '../commands/build-commands.ts';
import { exampleBuild } from './samples.ts';

/** Common questions and their commands with curl and jq, shown on the API's page and in `llms.txt`. */
export function apiRecipes(catalog: SiteCatalog): Commands[] {
  const example = exampleBuild(catalog);
  return [
    ...(example ? [isHere(example)] : []),
    ...(catalog.builds.size > 0 ? [whatIsNew()] : []),
    {
      label: 'What failed? The newest first',
      lines: [get('failures', String.raw`.failures[] | "\(.date) \(.kind) \(.spec)"`)],
    },
    {
      label: 'How full is the site?',
      lines: [
        get(
          'storage',
          String.raw`"\(.bytes.total / .budget * 100 | floor) % of \(.budget / 1e6 | floor) MB"`,
        ),
      ],
    },
    coverage(),
    ...(catalog.comparison ? [whatIsOlder()] : []),
  ];
}

function isHere({ build, node }: CatalogBuild): Commands {
  const filter = [
    `.builds[] | select(.os == "${node.arch.platform_os}" and .target == "${targetOf(node)}")`,
    String.raw`"\(.version) /\(.hash) \(.libc // "no C library")"`,
  ].join(' | ');
  return {
    label: `Is ${build.name} here for ${node.arch.platform_os} and ${targetOf(node)}?`,
    lines: [get(`packages/${build.name}`, filter)],
  };
}

function whatIsNew(): Commands {
  const filter = [
    '[.added[] | select(.date >= (now - 7 * 86400 | todate))]',
    String.raw`if . == [] then "nothing" else .[] | "\(.date) \(.name)@\(.version)" end`,
  ].join(' | ');
  return {
    label: 'What is new this week?',
    lines: [
      `month=$(curl -fsS ${externalUrl(apiPath('index'))} | jq -r '.changes[0].url')`,
      `curl -fsS "$month" | jq -r '${filter}'`,
    ],
  };
}

function whatIsOlder(): Commands {
  const filter = [
    '.words as $w | .columns as $c | range(.builds)',
    'select($w.freshness[$c.freshness[.]] == "older")',
    String.raw`"\($w.package[$c.package[.]])@\($w.version[$c.version[.]]) /\($c.hash[.])"`,
  ].join(' | ');
  return { label: 'Which builds are older than the newest recipes?', lines: [get('specs', filter)] };
}

function coverage(): Commands {
  return {
    label: 'How much of a spack.lock is here?',
    lines: [
      "jq -r '.concrete_specs | keys[]' spack.lock | sort > needed.txt",
      `${get('specs', '.columns.hash[]')} | sort > here.txt`,
      'echo "$(comm -12 needed.txt here.txt | wc -l) of $(wc -l < needed.txt) specs have a binary"',
    ],
  };
}

function get(document: string, filter: string): string {
  return `curl -fsS ${externalUrl(apiPath(document))} | jq -r '${filter}'`;
}

/** `/llms.txt`: a description of the cache and its API for language models. Source: https://llmstxt.org */
export function llmsText(catalog: SiteCatalog): string {
  const endpoints = ENDPOINTS.map(
    ({ path, schema }) => `- [${path}](${externalUrl(path)}): ${schema.description ?? ''}`,
  );
  const recipes = apiRecipes(catalog).flatMap(({ label, lines }) => [
    `### ${label}`,
    '',
    '```sh',
    ...lines,
    '```',
    '',
  ]);
  return [
    `# ${mirrorName()}`,
    '',
    `> A Spack build cache at ${siteAddress()}: compiled packages that \`spack install\` downloads instead of building. All its data is available as static JSON files: no API key, no rate limit, CORS enabled.`,
    '',
    `Add it with \`spack mirror add --type binary ${catalog.keys.length > 0 ? '' : '--unsigned '}${mirrorName()} ${siteAddress()}\`. A build is identified by its DAG hash: \`spack install --use-buildcache only /HASH\`. On Linux, Spack reuses a build if the machine has the build's \`libc\` or a newer version, and its CPU supports the build's \`target\`.`,
    '',
    '## API',
    '',
    ...endpoints,
    `- [${apiPath('openapi')}](${externalUrl(apiPath('openapi'))}): the API in OpenAPI 3.1.`,
    '',
    '## Recipes',
    '',
    ...recipes,
  ].join('\n');
}
