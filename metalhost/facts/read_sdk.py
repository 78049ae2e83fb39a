#!/usr/bin/env python3
"""Reads selectors, type encodings and availability out of a macOS SDK's headers into the format of
selectors-macos12.txt. Needs the Python package libclang.

    read_sdk.py --sdk DIR --facts selectors-macos12.txt [--wanted unverified.txt] > new.txt

Prints the facts file with every method looked up again in this SDK, and with the wanted messages added that it declares
("-MTLDevice newArchiveWithURL:error:", or the name of a class for all of its methods). What the SDK does not declare is
kept as it was.
"""
import argparse
import ctypes
import pathlib
import subprocess
import sys

import clang.cindex as cindex

HEADERS = "#import <Foundation/Foundation.h>\n#import <Foundation/NSDebug.h>\n#import <Metal/Metal.h>\n" \
          "#import <MetalPerformanceShaders/MetalPerformanceShaders.h>\n"
# CXCursorKind; by number, since the Python names of some kinds inside Apple's headers are missing.
INTERFACE, CATEGORY, PROTOCOL, INSTANCE_METHOD, CLASS_METHOD = 11, 12, 13, 16, 17
SUPER, PROTOCOL_REF, CLASS_REF = 40, 41, 42


class String(ctypes.Structure):  # CXString, never disposed of: a few kilobytes
    _fields_ = [("data", ctypes.c_void_p), ("flags", ctypes.c_uint)]


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int)]


class Availability(ctypes.Structure):
    _fields_ = [("platform", String), ("introduced", Version), ("deprecated", Version),
                ("obsoleted", Version), ("unavailable", ctypes.c_int), ("message", String)]


def introduced(cursor):
    """'10.13', 'unavailable', or '' where the headers don't say."""
    found = (Availability * 16)()
    lib = cindex.conf.lib
    lib.clang_getCursorPlatformAvailability.argtypes = ([cindex.Cursor] + [ctypes.c_void_p] * 5 + [ctypes.c_int])
    count = lib.clang_getCursorPlatformAvailability(cursor, None, None, None, None, found, len(found))
    text = ctypes.CDLL(lib._name).clang_getCString
    text.restype, text.argtypes = ctypes.c_char_p, [String]
    for entry in found[:min(count, len(found))]:
        if text(entry.platform) == b"macos" and entry.unavailable:
            return "unavailable"
        if text(entry.platform) == b"macos" and entry.introduced.major > 0:
            return f"{entry.introduced.major}.{max(entry.introduced.minor, 0)}"
    return ""


def read_sdk(sdk, clang_headers):
    """{'C:NSArray': {'head': (superclass, protocols, version), 'methods': {'-count': (encoding, version)}}}"""
    unit = cindex.Index.create().parse(
        "facts.m", args=["-x", "objective-c", "-target", "arm64-apple-macos12", "-isysroot", str(sdk), "-fblocks",
                             f"-I{clang_headers}"],
        unsaved_files=[("facts.m", HEADERS)])
    missing = [d.spelling for d in unit.diagnostics if "file not found" in d.spelling]
    if missing:  # types from it would be read as int
        sys.exit(f"read_sdk: {missing[0]}")
    entities = {}
    for cursor in unit.cursor.get_children():
        kind = cursor._kind_id
        if kind not in (INTERFACE, CATEGORY, PROTOCOL):
            continue
        members = list(cursor.get_children())
        name = cursor.spelling
        if kind == CATEGORY:
            name = next((m.spelling for m in members if m._kind_id == CLASS_REF), name)
        entity = entities.setdefault(("P:" if kind == PROTOCOL else "C:") + name,
                                     {"super": "", "protocols": [], "version": "", "methods": {}})
        if kind != CATEGORY:
            entity["version"] = introduced(cursor)
        for member in members:
            if member._kind_id == SUPER:
                entity["super"] = member.spelling
            elif member._kind_id == PROTOCOL_REF and kind != CATEGORY:
                entity["protocols"].append(member.spelling)
            elif member._kind_id in (INSTANCE_METHOD, CLASS_METHOD):
                sign = "-" if member._kind_id == INSTANCE_METHOD else "+"
                entity["methods"][sign + member.spelling] = (member.objc_type_encoding, introduced(member))
    return entities


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sdk", required=True, type=pathlib.Path)
    parser.add_argument("--facts", required=True, type=pathlib.Path)
    parser.add_argument("--wanted", type=pathlib.Path)
    parser.add_argument("--clang", default="clang-19", help="whose own headers (stdbool.h...) are used")
    options = parser.parse_args()
    resources = subprocess.run([options.clang, "-print-resource-dir"], capture_output=True, text=True, check=True)
    sdk = read_sdk(options.sdk, resources.stdout.strip() + "/include")

    heads, methods = {}, {}
    for line in options.facts.read_text().splitlines():
        if line.startswith("\t"):
            selector, encoding, version = line[1:].split("\t")
            methods[current][selector] = (encoding, version)
        elif line:
            current = line.split("|")[0]
            heads[current], methods[current] = line, {}

    def add(entity):
        if entity not in heads:
            known = sdk[entity]
            heads[entity] = f"{entity}|{known['super']}|{','.join(known['protocols'])}|{known['version']}"
            methods[entity] = {}

    for line in options.wanted.read_text().splitlines() if options.wanted else []:
        receiver, _, selector = line.partition(" ")
        for kind in "CP":
            entity = f"{kind}:{receiver.lstrip('+-')}"
            if line.startswith("#") or entity not in sdk:
                continue
            for declared in sdk[entity]["methods"]:
                if not selector or declared == receiver[0] + selector:
                    add(entity)
                    methods[entity][declared] = None
    for entity in sorted(heads):
        print(heads[entity])
        declared = sdk.get(entity, {"methods": {}})["methods"]
        for selector in sorted(methods[entity]):
            encoding, version = declared.get(selector) or methods[entity][selector]
            print(f"\t{selector}\t{encoding}\t{version}")


if __name__ == "__main__":
    sys.exit(main())
