// Lines of code by package: what is written and kept, without what a machine makes of it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface Lines {
  /** "packages/placement". */
  package: string;
  /** Files without tests. */
  files: number;
  /** All of their lines, as an editor counts them. */
  lines: number;
  /** Those that hold code: neither blank nor only a comment. */
  code: number;
  /** Lines with code of tests, and of what is there for tests only. */
  tests: number;
}

const isTest = (path: string): boolean => /\.(test|e2e|conformance)\.ts$|\/testing\//.test(path);

/** The TypeScript below `directory`/src. */
export function linesOf(directory: string): Lines {
  const counted: Lines = { package: directory, files: 0, lines: 0, code: 0, tests: 0 };
  for (const path of sources(join(directory, 'src'))) {
    const text = readFileSync(path, 'utf8');
    if (isTest(path)) {
      counted.tests += codeLines(text);
      continue;
    }
    counted.files += 1;
    counted.lines += text.trimEnd().split('\n').length;
    counted.code += codeLines(text);
  }
  return counted;
}

/** Packages below these directories that have TypeScript of their own. */
export function packagesIn(...roots: readonly string[]): string[] {
  return roots
    .flatMap((root) =>
      readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? [join(root, entry.name)] : [],
      ),
    )
    .filter((directory) => sources(join(directory, 'src')).length > 0)
    .sort();
}

/** How many lines have a token on them: the compiler's own parser knows what a comment is. */
export function codeLines(text: string): number {
  const file = ts.createSourceFile('counted.ts', text, ts.ScriptTarget.Latest, false);
  const lines = new Set<number>();
  const visit = (node: ts.Node): void => {
    // Comments for documentation are nodes as well.
    if (node.kind >= ts.SyntaxKind.FirstJSDocNode && node.kind <= ts.SyntaxKind.LastJSDocNode) return;
    const children = node.getChildren(file);
    if (children.length > 0) {
      children.forEach(visit);
      return;
    }
    if (node.getWidth(file) === 0) return;
    const first = file.getLineAndCharacterOfPosition(node.getStart(file)).line;
    const last = file.getLineAndCharacterOfPosition(node.getEnd()).line;
    for (let line = first; line <= last; line++) lines.add(line);
  };
  visit(file);
  return lines.size;
}

function sources(directory: string): string[] {
  let entries;
  try {
    entries = readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /(?<!\.d)\.ts$/.test(entry.name) ? [path] : [];
  });
}
