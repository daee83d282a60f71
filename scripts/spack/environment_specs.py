"""Lists the specs of an environment, with the build specs of spliced ones."""


def specs_of(environment):
    """Returns all specs once each, including the DAGs of build specs that spliced ones are made from."""
    found = {spec.dag_hash(): spec for spec in environment.all_specs()}
    for spec in list(found.values()):
        if spec.spliced:
            for built in spec.build_spec.traverse():
                found.setdefault(built.dag_hash(), built)
    return found.values()


def has_splices(environment):
    return any(spec.spliced for spec in environment.concrete_roots())
