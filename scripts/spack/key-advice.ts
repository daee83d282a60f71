/** What to do with a new key, in plain sentences; `out` is the file with the private half, `-` for none. */
export function describeNewKey(key: { fingerprint: string; catalog: string; out: string }): string {
  const file = key.out === '-' ? 'FILE' : key.out;
  return `Made key ${key.fingerprint}.
  public half:  ${key.catalog}/keys/${key.fingerprint}.asc (commit it)
  private half: ${key.out === '-' ? 'standard output' : `${key.out} (never commit it)`}

Store the private half as the secret SIGNING_KEY of your repository, in one of two ways:
  gh secret set SIGNING_KEY < ${file}
  or on the web: Settings > Secrets and variables > Actions > New repository secret,
  name SIGNING_KEY, value: the whole text, with its BEGIN and END lines.
A secret cannot be read back: keep a copy in a safe place, such as a password manager, then delete the file.

From now on publish signs what it adds. To sign what is there already:
  SIGNING_KEY="$(cat ${file})" node scripts/sign.ts

To replace a key: make a new one, commit its public half, let clients run
\`spack buildcache keys --install --trust\` again (both keys are valid side by side), store the new secret,
run \`node scripts/sign.ts --all\` with it, and at last delete the old file in ${key.catalog}/keys/.`;
}
