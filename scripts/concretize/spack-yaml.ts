/** The `spack.yaml` of specs that are asked for by name. JSON is YAML. */
export function composeSpackYaml(specs: readonly string[]): string {
  const spack = { specs, view: false, concretizer: { unify: 'when_possible' } };
  return `${JSON.stringify({ spack }, null, 2)}\n`;
}
