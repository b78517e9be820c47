"""SDKs load what is used, and have every name that they have when they are loaded whole."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from components.lazy_sdks.code import _undocumented
from components.lazy_sdks.slices import SliceLoader
from tests.portfolios import ROOT

SERVICES = ("pulumi_aws.ec2", "pulumi_aws.s3", "pulumi_kubernetes.core.v1", "pulumi_kubernetes.meta.v1")
NAMES = """
import ast, importlib, pathlib, sys
import components
service = importlib.import_module({service!r})
named = []
for path in sorted(pathlib.Path(service.__path__[0]).glob("*.py")):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            if path.stem not in ("_enums", "outputs"):
                named += ast.literal_eval(node.value)
of_a_lookup = ("Result", "_output", "InitArgs")  # these load the service whole
found = {{name: getattr(service, name) for name in named if not name.endswith(of_a_lookup)}}
assert type(service).__name__ == "Service", "loaded whole"
getattr(service, "Nothing", None)
assert type(service).__name__ == "module"
print(len(found), [name for name in named if found.get(name, vars(service)[name]) is not vars(service)[name]])
"""


def run(program: str) -> str:
    """What *program* prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.whole("what components declare loads no service whole below")
@pytest.mark.sample(1)
@pytest.mark.parametrize("service", SERVICES)
def test_every_name_of_a_service_is_that_of_its_module_and_loads_no_other(service: str) -> None:
    count, differing = run(NAMES.format(service=service)).split(maxsplit=1)
    assert int(count) > 40
    assert differing == "[]\n"


@pytest.mark.whole("components use no star; what they declare is tried here")
def test_a_name_loads_its_module_and_a_star_loads_all() -> None:
    said = run(
        "import components, sys\n"
        "from pulumi_aws import ec2\n"
        "ec2.Vpc, ec2.SecurityGroupIngressArgs, ec2.outputs\n"
        "count = lambda: sum(name.startswith('pulumi_aws.ec2.') for name in sys.modules)\n"
        "few = count()\n"
        "from pulumi_aws.ec2 import *\n"
        "print(few, count(), Instance is ec2.Instance, Vpc is ec2.Vpc, InstanceType.T3_MICRO.value)"
    )
    few, all_, *rest = said.split()
    assert int(few) < 10
    assert int(all_) > 150
    assert rest == ["True", "True", "t3.micro"]


@pytest.mark.whole("nothing of ours asks so")
def test_a_name_that_there_is_not_is_missing_as_ever_also_for_many_threads() -> None:
    said = run(
        "import components\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pulumi_aws import kms\n"
        "kms.Alias  # the SDK's own way to load it is not made for threads (Python before 3.12.3)\n"
        "ask = lambda _: (hasattr(kms, 'Nothing'), kms.Key.__name__, kms.get_key.__name__)\n"
        "print(set(ThreadPoolExecutor(8).map(ask, range(64))))\n"
        "try:\n"
        "    kms.Nothing\n"
        "except AttributeError as error:\n"
        "    print(error)"
    )
    assert said.splitlines() == [
        "{(False, 'Key', 'get_key')}",
        "module 'pulumi_aws.kms' has no attribute 'Nothing'",
    ]


@pytest.mark.whole("a matter of memory and of a second that `make bench` shows")
def test_what_components_declare_loads_no_service_whole_nor_what_is_unused() -> None:
    said = run(
        "import sys\n"
        "from tests.components.conftest import declare_plan\n"
        "from tests.plugin import example\n"
        "declare_plan(example.plan())\n"
        "whole = [name for name, module in list(sys.modules.items())\n"
        "         if name.startswith(('pulumi_aws.', 'pulumi_kubernetes.')) and hasattr(module, '__path__')\n"
        "         and type(module).__name__ == 'module' and name.count('.') == (1 if 'aws' in name else 2)]\n"
        "print(whole, 'pulumi_aws.rds.instance' in sys.modules, 'dill' in sys.modules)"
    )
    assert said.strip() == "[] True False"


@pytest.mark.whole("a matter of memory that `make bench` shows")
def test_of_inputs_and_outputs_only_those_classes_are_made_that_components_use() -> None:
    said = run(
        "import sys\n"
        "from components.lazy_sdks.slices import Slices\n"
        "from tests.components.conftest import declare_plan\n"
        "from tests.plugin import example\n"
        "declare_plan(example.plan())\n"
        "sdks, kinds = ('pulumi_aws', 'pulumi_kubernetes'), ('._inputs', '.outputs')\n"
        "names = [name for name in sys.modules if name.startswith(sdks) and name.endswith(kinds)]\n"
        "lists = [sys.modules[name] for name in names]\n"
        "made = {each: [name for name in each.names() if name in vars(each)] for each in lists}\n"
        "print(len(lists), all(type(each) is Slices for each in lists))\n"
        "print(sum(len(list(each.names())) for each in lists), sum(len(names) for names in made.values()))\n"
        "print([name for names in made.values() for name in names if name.endswith('ArgsDict')])"
    )
    lists, counts, twins = said.splitlines()
    assert int(lists.split()[0]) > 20
    assert lists.split()[1] == "True"
    defined, made = map(int, counts.split())
    assert defined > 3000
    assert made < defined / 5
    assert twins == "[]"


CLASSES = """
import importlib, inspect, sys
{first}
from pulumi import _types
for kind in ("_inputs", "outputs"):
    module = importlib.import_module({service!r} + "." + kind)
    names = sorted(each for each in dir(module) if isinstance(getattr(module, each), type))
    for name in names[::{step}]:
        made = getattr(module, name)
        if made.__module__ == module.__name__:
            own = sorted(each for each in vars(made) if each != "__weakref__")
            typed = {{}} if name.endswith("Dict") else _types._types_from_py_properties(made)
            told = getattr(made.__init__, "__annotations__", "")
            print(name, made.__qualname__, made.__mro__, own, typed, told, made.__doc__)
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(("service", "step"), [("pulumi_aws.backup", 1), ("pulumi_kubernetes.batch.v1", -1)])
def test_a_class_is_what_it_is_in_a_module_that_is_loaded_whole(service: str, step: int) -> None:
    plain, ours = (
        run(CLASSES.format(first=first, service=service, step=step)) for first in ("", "import components")
    )
    assert len(plain.splitlines()) > 60
    assert ours == plain


def test_threads_that_ask_for_classes_at_once_get_the_same_ones() -> None:
    said = run(
        "import components\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pulumi_kubernetes.batch.v1 import outputs\n"
        "names = ['JobSpec', 'CronJobSpec', 'Job', 'JobStatus', 'CronJob', 'JobTemplateSpec'] * 20\n"
        "asked = list(ThreadPoolExecutor(8).map(lambda name: (name, getattr(outputs, name)), names))\n"
        "print({each is vars(outputs)[name] for name, each in asked})"
    )
    assert said.strip() == "{True}"


def test_a_process_may_do_without_the_docstrings_of_functions() -> None:
    said = run(
        "import components\n"
        "from components.lazy_sdks.code import drop_docstrings\n"
        "import pulumi_aws as aws, pulumi_kubernetes as kubernetes\n"
        "told = [aws.kms.Key.get.__doc__, aws.s3.BucketGrantArgs.__init__.__doc__]\n"
        "drop_docstrings()\n"
        "dropped = [aws.sqs.Queue.get.__doc__, kubernetes.core.v1.EnvVarArgs.__init__.__doc__]\n"
        "print([bool(each) for each in told], dropped)\n"
        "print(kubernetes.core.v1.EnvVarArgs(name='a', value='b').name)"
    )
    assert said.splitlines() == ["[True, True] [None, None]", "a"]


def test_the_automation_api_and_dynamic_providers_load_when_they_are_used() -> None:
    said = run(
        "import components, pulumi, sys\n"
        "print('dill' in sys.modules, pulumi.automation.LocalWorkspace.__name__, 'dill' in sys.modules)\n"
        "print(pulumi.dynamic.ResourceProvider.__name__, 'dill' in sys.modules)"
    )
    assert said.split() == ["False", "LocalWorkspace", "False", "ResourceProvider", "True"]


SAME = """
import pulumi_aws as aws, pulumi_kubernetes as kubernetes
{program}
"""


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    "program",
    [
        "print(aws.config.region, aws.config.profile, type(aws.config))",
        "from pulumi_kubernetes.core.v1.Pod import Pod; print(kubernetes.core.v1.Pod is Pod, Pod)",
        "aws.ec2.Vpc; import pulumi_aws.ec2.get_ami; print(callable(aws.ec2.get_ami))",
        "aws.ec2.Vpc; import pulumi_aws.ec2.vpc; print(aws.ec2.vpc)",
        "import pickle; print(pickle.loads(pickle.dumps(kubernetes.apps.v1.Deployment)))",
        "import dill; aws.ec2.Vpc; print(dill.loads(dill.dumps(aws.ec2)) is aws.ec2)",
        "from importlib.resources import files; print((files('pulumi_aws.sqs') / 'queue.py').is_file())",
        "import pkgutil; print(len(pkgutil.get_data('pulumi_aws.sqs', 'queue.py')))",
        "aws.sqs.Queue; print(dir(aws.sqs), hasattr(aws.sqs, 'Any'), hasattr(aws.sqs, '_utilities'))",
        "queue = aws.sqs.Queue; import importlib; importlib.reload(aws.sqs); print(aws.sqs.Queue is queue)",
        "aws.sqs.Queue = 1; aws.sqs.GetQueueResult; print(aws.sqs.Queue)",
    ],
)
def test_what_a_program_asks_of_a_service_is_answered_as_without_the_finder(program: str) -> None:
    plain = SAME.format(program=program)
    assert run("import components\n" + plain) == run(plain)


@pytest.mark.whole("an installation that is broken")
def test_a_service_that_cannot_be_loaded_whole_says_why_each_time() -> None:
    said = run(
        "import components, sys\n"
        "import pulumi_aws as aws\n"
        "aws.sqs.Queue\n"
        "sys.modules['pulumi_aws.sqs.queue_policy'] = None  # not importable\n"
        "for _ in range(2):\n"
        "    try:\n"
        "        aws.sqs.Nothing\n"
        "    except ImportError as error:\n"
        "        print(error.name)\n"
        "del sys.modules['pulumi_aws.sqs.queue_policy']\n"
        "print(hasattr(aws.sqs, 'Nothing'), aws.sqs.GetQueueResult.__name__)"
    )
    assert said.split() == ["pulumi_aws.sqs.queue_policy"] * 2 + ["False", "GetQueueResult"]


MORE_THAN_A_LIST = {
    "a class is used": "class A:\n    x = 1\nB = A().x\n__all__ = ['A']\n",
    "a class is called": "class A:\n    pass\nA.y = 1\n__all__ = ['A']\n",
    "a class is made of another": "class A:\n    x = 1\nclass B(A):\n    pass\n__all__ = ['A', 'B']\n",
    "nothing is exported": "class A:\n    x = 1\n",
    "there is a function": "class A:\n    x = 1\ndef f(): return A\n__all__ = ['A', 'f']\n",
}


@pytest.mark.parametrize("source", MORE_THAN_A_LIST.values(), ids=MORE_THAN_A_LIST.keys())
def test_a_module_that_is_more_than_a_list_of_classes_is_loaded_whole(source: str, tmp_path: Path) -> None:
    """Versions of an SDK that nobody has seen yet load as they do without this."""
    path = tmp_path / "made.py"
    path.write_text(source)
    spec = spec_from_loader("made", SliceLoader("made", str(path)))
    assert spec is not None
    module = module_from_spec(spec)
    expected: dict[str, Any] = {}
    exec(source, expected)  # noqa: S102 - the source above
    assert spec.loader is not None
    spec.loader.exec_module(module)
    assert type(module) is ModuleType
    assert {name for name in vars(module) if not name.startswith("__")} == {
        name for name in expected if not name.startswith("__")
    }
    assert isinstance(module.A, type)


def test_a_module_whose_code_is_not_kept_is_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers often write no bytecode, and uv makes none: each class would compile all others again."""
    path = tmp_path / "made.py"
    path.write_text("class A:\n    x = 1\n__all__ = ['A']\n")
    for kept in (True, False):
        monkeypatch.setattr(sys, "dont_write_bytecode", not kept)
        monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / str(kept)))
        spec = spec_from_loader("made", SliceLoader("made", str(path)))
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        assert (type(module) is ModuleType) is not kept
        assert module.A.x == 1


def test_what_a_comprehension_holds_is_no_docstring() -> None:
    source = (
        'def f(each):\n    "first\\nsecond"\n    return [x for x in each], [x + "a\\nb" for x in each]\n'
        'def g():\n    return "a\\nb"\n'
    )
    made: dict[str, Any] = {}
    exec(_undocumented(compile(source, "made", "exec")), made)  # noqa: S102 - the source above
    assert made["f"].__doc__ is None
    assert made["f"]("x") == (["x"], ["xa\nb"])
    assert made["g"]() == "a\nb"
