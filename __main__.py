"""What Pulumi runs in a clone of Costack; a project of one's own has the same lines but for the plugin's."""

import sys

if len(sys.argv) > 1:  # the engine starts it as a plugin (PulumiPlugin.yaml), with its own address
    import plugin.__main__  # noqa: F401
else:
    from costack.program import run

    run()
