"""Makes the texts of a package that come from elsewhere: the licences of all linked crates, changelogs, and nfpm's list of files.

    python3 packaging/texts.py version | copyright | licences [--window] | changelog | release-notes |
                              debian-changelog | nfpm
"""

import json
import os
import re
import string
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as xml
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
METAINFO = ROOT / "packaging/linux/io.github.handover.Handover.metainfo.xml"
MAINTAINER = "The Handover developers <handover@users.noreply.github.com>"
# What a crate's folder calls the files that have to go with it.
TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def version():
    return re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked", "--manifest-path", str(ROOT / "Cargo.toml")]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def linked_crates():
    """The crates in the program for Linux, or in the window, without those that only build it."""
    features = ["--features", "window"] if "--window" in sys.argv else []
    target = ["--target", "x86_64-unknown-linux-gnu"]
    tree = cargo("tree", "--edges", "normal", "--prefix", "none", "--format", "{p}", *target, *features)
    wanted = {tuple(line.split()[:2]) for line in tree.splitlines() if line and "(proc-macro)" not in line}
    metadata = json.loads(cargo("metadata", "--format-version", "1"))
    packages = [package for package in metadata["packages"] if package["source"]]
    packages = [package for package in packages if (package["name"], "v" + package["version"]) in wanted]
    return sorted(packages, key=lambda package: (package["name"], package["version"]))


def licences():
    crates_of_text = {}
    print("The program contains these crates:\n")
    for package in linked_crates():
        name = f"{package['name']} {package['version']}"
        print(f"{name}: {package['license'] or package['license_file']}")
        folder = Path(package["manifest_path"]).parent
        files = sorted(file for file in folder.iterdir() if file.is_file() and TEXTS.match(file.name))
        for text in sorted({file.read_text(errors="replace").strip() for file in files}):
            crates_of_text.setdefault(text, []).append(name)
    for text, names in sorted(crates_of_text.items(), key=lambda item: item[1]):
        print("\n" + "=" * 80)
        print(textwrap.fill(", ".join(names), 80) + "\n" + "-" * 80)
        print(text)


def copyright_file():
    licence = (ROOT / "LICENSE").read_text().strip().split("\n\n", 2)
    holder = re.sub(r"^Copyright \(c\) ", "", licence[1].strip())
    text = "\n".join(" " + (line.strip() or ".") for line in licence[2].splitlines())
    print("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/")
    print("Upstream-Name: Handover\n")
    print(f"Files: *\nCopyright: {holder}\nLicense: MIT")
    print(text)
    print("Comment: The program contains crates of others; licences-of-crates.txt.gz has their licences.")


def releases():
    for release in xml.parse(METAINFO).getroot().find("releases"):
        description = release.find("description")
        lines = [" ".join(part.text.split()) for part in description.iter() if part.tag in ("p", "li") and part.text]
        yield release.get("version"), release.get("date"), lines


def changelog():
    for number, date, lines in releases():
        print(f"{number} ({date})\n")
        for line in lines:
            print(textwrap.fill(line, 78, initial_indent="- ", subsequent_indent="  "))
        print()


def release_notes():
    """What is new in the latest release, for the page of the release."""
    _, _, lines = next(releases())
    print(lines[0] + "\n")
    for line in lines[1:]:
        print(f"- {line}")


def debian_changelog():
    for number, date, lines in releases():
        print(f"handover ({number}) unstable; urgency=medium\n")
        for line in lines:
            print(textwrap.fill(line, 78, initial_indent="  * ", subsequent_indent="    "))
        time = datetime.fromisoformat(date).replace(tzinfo=timezone.utc)
        print(f"\n -- {MAINTAINER}  {format_datetime(time)}\n")


def nfpm():
    """The configuration of nfpm, from the environment that packaging/build sets."""
    print(string.Template((ROOT / "packaging/linux/nfpm.yaml").read_text()).substitute(os.environ))
    stage = Path(os.environ["STAGE"])
    # Other formats have no such types, and leave out the files that have them.
    is_rpm = os.environ["FORMAT"] == "RPM"
    print("contents:")
    for file in sorted(path for path in stage.rglob("*") if path.is_file()):
        target = "/" + str(file.relative_to(stage))
        print(f"  - src: {file}\n    dst: {target}")
        if is_rpm and target.startswith(("/usr/share/doc/", "/usr/share/man/")):
            print("    type: doc")
        elif is_rpm and target.startswith("/usr/share/licenses/"):
            print("    type: license")
    if not is_rpm:
        return
    changes = stage.parent / "changelog.yaml"
    entries = [
        {"semver": f"{number}-1", "date": f"{date}T00:00:00Z", "packager": MAINTAINER, "changes": [{"note": line} for line in lines]}
        for number, date, lines in releases()
    ]
    # YAML includes JSON.
    changes.write_text(json.dumps(entries))
    print(f"changelog: {changes}")


commands = {
    "version": lambda: print(version()),
    "copyright": copyright_file,
    "licences": licences,
    "changelog": changelog,
    "release-notes": release_notes,
    "debian-changelog": debian_changelog,
    "nfpm": nfpm,
}
if len(sys.argv) < 2 or sys.argv[1] not in commands:
    sys.exit(__doc__)
commands[sys.argv[1]]()
