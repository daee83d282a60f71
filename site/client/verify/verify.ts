import { formatSize } from '../../lib/format.ts';
import type { ShownBuild } from '../build/shown-build.ts';
import { makeButton, makeElement } from '../element.ts';
import { messageOf } from '../site.ts';
import type { Check } from './checks.ts';

/** WebCrypto can only digest a whole buffer. Larger tarballs have to be checked on the command line. */
const MOST_BYTES = 500_000_000;

/** Section that verifies a build. The code for it, including OpenPGP, is loaded on demand. */
export function makeVerifySection(build: ShownBuild): HTMLElement {
  const { hasKeys, hasTarball, size } = build;
  const list = makeElement('ul', 'checks');
  const log = makeElement('div', { role: 'log', 'aria-label': 'Results' }, list);
  const buttons = [
    makeCheckButton('Verify', () => checkBuild(build)),
    ...(hasTarball
      ? [makeCheckButton(`Download and check the tarball (${formatSize(size)})`, () => checkTarball(build))]
      : []),
  ];

  function makeCheckButton(text: string, check: () => AsyncGenerator<Check>): HTMLButtonElement {
    return makeButton('', text, () => {
      for (const each of buttons) each.disabled = true;
      void show(list, check()).finally(() => {
        for (const each of buttons) each.disabled = false;
      });
    });
  }

  return makeElement(
    'section',
    'verify no-print',
    makeElement('h2', '', 'Verify in this browser'),
    makeElement(
      'p',
      'note',
      hasKeys
        ? 'Recomputes the DAG hash and checks the manifest’s signature and digests in your browser. Spack also checks signature and digests when it installs.'
        : 'Recomputes the DAG hash and checks the digests in your browser. Without a signature, nothing proves who made the files.',
    ),
    makeElement(
      'ul',
      'list-inline',
      buttons.map((button) => makeElement('li', '', button)),
    ),
    log,
  );
}

async function* checkBuild(shown: ShownBuild): AsyncGenerator<Check> {
  const { verifyBuild } = await import('./checks.ts');
  yield* verifyBuild(shown);
  yield { state: 'open', text: 'The tarball itself was not downloaded.' };
  if (!shown.hasKeys) {
    yield { state: 'open', text: 'Who made these files was not checked: this cache has no signing key.' };
  } else {
    yield {
      state: 'open',
      text: 'The key also came from this site: compare its fingerprint with one that you got elsewhere.',
    };
  }
}

async function* checkTarball(shown: ShownBuild): AsyncGenerator<Check> {
  if (shown.size > MOST_BYTES) {
    yield {
      state: 'open',
      text: 'The tarball is too large to check in a browser; use the commands above.',
    };
    return;
  }
  const { verifyTarball } = await import('./checks.ts');
  yield await verifyTarball(shown);
}

async function show(list: HTMLElement, checks: AsyncGenerator<Check>): Promise<void> {
  list.replaceChildren();
  try {
    if (!isSecureContext) {
      add(list, {
        state: 'open',
        text: 'Nothing was checked: browsers compute digests only on HTTPS pages.',
      });
      return;
    }
    for await (const check of checks) add(list, check);
  } catch (error) {
    add(list, { state: 'open', text: `The rest was not checked (${messageOf(error)}).` });
  }
}

function add(list: HTMLElement, { state, text }: Check): void {
  list.append(makeElement('li', state, text));
}
