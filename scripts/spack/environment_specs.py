"""The specs of an environment with all that they are made of."""


def specs_of(environment):
    """All specs, each once: a spliced one is made of what it was built as."""
    found = {spec.dag_hash(): spec for spec in environment.all_specs()}
    for spec in list(found.values()):
        if spec.spliced:
            for built in spec.build_spec.traverse():
                found.setdefault(built.dag_hash(), built)
    return found.values()


def has_splices(environment):
    return any(spec.spliced for spec in environment.concrete_roots())
