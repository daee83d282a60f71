import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { MirrorManifest, type BlobRecord } from '../../site/schemas/mirror-manifest.ts';
import { splitSigned } from '../../site/lib/spack/signed-manifest.ts';

/** A copy of a fixture's build cache for tests to damage; everything else stays valid. */
export class HostileCache {
  readonly directory: string;

  constructor(fixture: 'cache-unsigned' | 'cache-signed' = 'cache-unsigned') {
    this.directory = mkdtempSync(join(tmpdir(), 'hostile-cache-'));
    cpSync(join(import.meta.dirname, '../fixtures', fixture), this.directory, { recursive: true });
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Path of the manifest of a package's only build. */
  manifestPath(name: string): string {
    const folder = join(this.directory, 'v3/manifests/spec', name);
    return join(folder, readdirSync(folder)[0] ?? '');
  }

  /** Records of a package's tarball and spec file. */
  records(name: string): [tarball: BlobRecord, spec: BlobRecord] {
    const { text } = splitSigned(readFileSync(this.manifestPath(name), 'utf8'));
    const [tarball, spec] = MirrorManifest.parse(JSON.parse(text)).data;
    if (!tarball || !spec) throw new Error(`the fixture's ${name} lacks a record`);
    return [tarball, spec];
  }

  blobPath({ checksum }: BlobRecord): string {
    return join(this.directory, 'blobs/sha256', checksum.slice(0, 2), checksum);
  }

  writeManifest(name: string, records: unknown[], version = 3): void {
    writeFileSync(this.manifestPath(name), JSON.stringify({ version, data: records }));
  }

  /** Replaces a record's blob by other bytes, under their own digest. */
  addBlob(bytes: Buffer, record: BlobRecord): BlobRecord {
    const checksum = createHash('sha256').update(bytes).digest('hex');
    const added = { ...record, checksum, contentLength: bytes.length };
    mkdirSync(dirname(this.blobPath(added)), { recursive: true });
    writeFileSync(this.blobPath(added), bytes);
    return added;
  }

  /** Changes a package's spec file; its digest and size stay valid. */
  editSpecFile(name: string, edit: (text: string) => string): void {
    const [tarball, spec] = this.records(name);
    const text = gunzipSync(readFileSync(this.blobPath(spec))).toString();
    const edited = edit(text);
    if (edited === text) throw new Error('the edit changed nothing');
    this.writeManifest(name, [tarball, this.addBlob(gzipSync(edited), spec)]);
  }

  /** Replaces a package's tarball; its digest and size stay valid. */
  replaceTarball(name: string, bytes: Buffer): void {
    const [tarball, spec] = this.records(name);
    this.writeManifest(name, [this.addBlob(bytes, tarball), spec]);
  }
}

/** Changes one bit of a file. */
export function flipBit(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
