"""Prints the list for packaging/order/link-cc: keys.py PROGRAM FOLDER, with what packaging/order/calls has written in the folder.

The functions of all runs, each once: those of the first run in the order of their first calls, then those that only the second
called, and so on.
"""

import importlib.machinery
import importlib.util
import os
import sys


def linker():
    """The module packaging/order/link-cc, whose file has no ending."""
    sys.dont_write_bytecode = True
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)), "link-cc")
    loader = importlib.machinery.SourceFileLoader("link", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("link", loader))
    loader.exec_module(module)
    return module


def main(program, folder):
    link = linker()
    names = {}
    for address, _, name in link.functions(program):
        names.setdefault(address, []).append(name)
    keys = {}
    runs = sorted((os.path.join(folder, run) for run in os.listdir(folder)), key=os.path.getmtime)
    for run in runs:
        with open(run, encoding="ascii") as file:
            for line in file:
                for name in names[int(line, 16)]:
                    keys.setdefault(link.key(name))
    print("\n".join(keys))


if __name__ == "__main__":
    main(*sys.argv[1:])
