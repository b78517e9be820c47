"""Loads of Pulumi's SDKs only what the components declare.

`pulumi_aws.ec2` is 182 modules of which a platform needs three, and a module of a service imports all of
them; `import pulumi` brings the Automation API and dynamic providers, which no component uses. Services are
packages here that look for a name in the module that is called like it, and load themselves whole when there
is none (`services`). Most of what is left are `_inputs` and `outputs`, 700 classes in one module, of which
those are made that are asked for (`slices`). So every name is there, `from pulumi_aws.ec2 import *` too
(pulumi-aws 7.51, pulumi-kubernetes 4.34).
"""
