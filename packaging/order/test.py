"""Checks packaging/order/link-cc with a small C program: python3 packaging/order/test.py"""

import os
import platform
import subprocess
import tempfile
import unittest

import keys

SOURCE = """
#include <stdio.h>
void one(void) { puts("one"); }
void two(void) { puts("two"); }
void three(void) { puts("three"); }
int main(void) { one(); two(); three(); }
"""


def arguments(folder, name):
    """What rustc would call the linker with."""
    source = os.path.join(folder, "source.c")
    with open(source, "w", encoding="ascii") as file:
        file.write(SOURCE)
    return ["-ffunction-sections", source, f"-B{lld()}", "-fuse-ld=lld", "-o", os.path.join(folder, name), "-Wl,--strip-all"]


def lld():
    """The folder of rustc's own lld."""
    sysroot = subprocess.run(["rustc", "--print", "sysroot"], check=True, capture_output=True, text=True).stdout.strip()
    return f"{sysroot}/lib/rustlib/{platform.machine()}-unknown-linux-gnu/bin/gcc-ld"


class Order(unittest.TestCase):
    def linked(self, name, listed):
        """The functions of the program in the order of their addresses, and what it prints."""
        link = keys.linker()
        with tempfile.TemporaryDirectory() as folder:
            link.LISTED = os.path.join(folder, "functions")
            with open(link.LISTED, "w", encoding="ascii") as file:
                file.write("\n".join(link.key(function) for function in listed))
            words = [word for word in arguments(folder, name) if word != "-Wl,--strip-all"]
            self.assertEqual(link.main(words), 0)
            program = os.path.join(folder, name)
            found = [name for _, _, name in sorted(link.functions(program)) if name in ("one", "two", "three")]
            return found, subprocess.run([program], check=True, capture_output=True, text=True).stdout

    def test_the_functions_of_the_list_are_in_front_in_its_order(self):
        printed = "one\ntwo\nthree\n"
        self.assertEqual(self.linked("handover-0123456789abcdef", ["three", "gone", "two"]), (["three", "two", "one"], printed))

    def test_what_is_not_the_program_keeps_its_order(self):
        self.assertEqual(self.linked("build-script", ["three"])[0], ["one", "two", "three"])

    def test_the_program_is_stripped_as_rustc_asks(self):
        link = keys.linker()
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(link.main(arguments(folder, "handover-0123456789abcdef")), 0)
            self.assertEqual(link.functions(os.path.join(folder, "handover-0123456789abcdef")), [])

    def test_copies_of_a_function_have_one_key_and_others_have_their_own(self):
        key = keys.linker().key
        self.assertEqual(key("alloc::one"), key("alloc::one.17"))
        self.assertEqual(key("alloc::one"), key("alloc::one.llvm.17"))
        self.assertNotEqual(key("alloc::one"), key("alloc::two"))

    def test_the_name_of_a_rust_function_does_not_change_with_its_crate(self):
        link = keys.linker()
        with tempfile.TemporaryDirectory() as folder:
            found = set()
            for version in ("1", "1.2.3-longer"):
                source, program = os.path.join(folder, "a.rs"), os.path.join(folder, "a")
                with open(source, "w", encoding="ascii") as file:
                    file.write("fn main() { one(&[1_u8]); }\n#[inline(never)] fn one<T: Copy>(of: &[T]) -> Option<T> { of.first().copied() }")
                options = ["-C", "symbol-mangling-version=v0", "-C", f"metadata={version}", "-o", program, source]
                subprocess.run(["rustc", *options], check=True)
                found |= {(symbol, name) for _, symbol, name in link.functions(program) if name.startswith("a::one")}
        self.assertEqual((len(found), len({link.key(name) for _, name in found})), (2, 1), found)

    def test_a_program_that_cannot_be_linked_is_an_error(self):
        words = ["-o", "/nonexistent/handover-0123456789abcdef", "-fuse-ld=lld", "/nonexistent/source.c"]
        self.assertNotEqual(keys.linker().main(words), 0)


if __name__ == "__main__":
    if os.path.isdir(lld()):
        unittest.main()
    print("skipped: rustc has no lld here")
