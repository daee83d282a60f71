interface Branch {
  /** The value of the path that ends here. */
  value?: string;
  /** Absent: nothing lies below. */
  below?: Map<string, Branch>;
}

/** Paths by their parts, so that a look at all that lies above one costs no more than its length. */
export class PathTree {
  readonly #root: Branch = {};

  /** Keeps a value for a path; the last one for the same path counts. */
  add(path: string, value: string): void {
    let branch = this.#root;
    for (const part of path.split('/')) {
      branch.below ??= new Map();
      const next: Branch = branch.below.get(part) ?? {};
      branch.below.set(part, next);
      branch = next;
    }
    branch.value = value;
  }

  /** The value of a path that this one lies below; undefined when there is none. */
  findAbove(path: string): string | undefined {
    let branch: Branch | undefined = this.#root;
    for (const part of path.split('/')) {
      if (branch?.value !== undefined) return branch.value;
      branch = branch?.below?.get(part);
      if (branch === undefined) return undefined;
    }
    return undefined;
  }
}
