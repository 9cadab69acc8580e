import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { parseSync, Visitor } from 'oxc-parser';
import { describe, expect, it } from 'vitest';

type Part = 'core' | 'core/aws' | 'container' | 'functions' | 'infra';

/** Which of our own parts each part may import. */
const mayImport: Record<Part, readonly Part[]> = {
  core: ['core'],
  'core/aws': ['core', 'core/aws'],
  container: ['core', 'core/aws', 'container'],
  functions: ['core', 'core/aws', 'functions'],
  infra: ['core', 'infra'],
};

/** What Node offers without touching anything outside of the process. */
const pureBuiltins = ['node:crypto', 'node:path', 'node:stream', 'node:zlib'];
const sdk = /^@(?:aws-sdk|smithy)\//;

interface SourceFile {
  readonly path: string;
  readonly part: Part;
  readonly text: string;
  readonly program: ReturnType<typeof parseSync>['program'];
  /** Module names as they are written, imported at the top or on the way. */
  readonly imports: readonly string[];
  /** Those of them that are loaded when this file is; types alone load nothing. */
  readonly loads: readonly string[];
  /** Those that are imported by a call. */
  readonly onTheWay: readonly string[];
}

const files: readonly SourceFile[] = ['core', 'container', 'functions', 'infra']
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
  .filter((path) => /\.tsx?$/.test(path))
  .map(read);

function read(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const { program, module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const onTheWay = module.dynamicImports.map(({ moduleRequest: { start, end } }) => text.slice(start + 1, end - 1));
  const imports = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.flatMap((entry) => entry.moduleRequest?.value ?? [])),
    ...onTheWay,
  ];
  const loads = module.staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some(({ isType }) => !isType))
    .map(({ moduleRequest }) => moduleRequest.value);
  return { path, part: partOf(path), text, program, imports, loads, onTheWay };
}

function partOf(path: string): Part {
  if (path.startsWith('core/aws/')) return 'core/aws';
  return path.slice(0, path.indexOf('/')) as Part;
}

/** The file of ours that an import leads to; undefined for a package. */
function ownFile({ path }: SourceFile, name: string): string | undefined {
  return name.startsWith('.') ? normalize(join(dirname(path), name)).replace(/\.js$/, '') : undefined;
}

const violations = (wrong: (file: SourceFile) => readonly string[]) =>
  files.flatMap((file) => wrong(file).map((what) => `${file.path}: ${what}`));

describe('the house', () => {
  it('is all read', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(files.flatMap(({ imports }) => imports).length).toBeGreaterThan(500);
  });

  it('each part imports only those that it may', () => {
    const wrong = violations((file) =>
      file.imports.filter((name) => {
        const own = ownFile(file, name);
        return own !== undefined && !own.endsWith('package.json') && !mayImport[file.part].includes(partOf(own));
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('core is pure: no SDK, no process, no files, no network', () => {
    const impure = (name: string) =>
      sdk.test(name) || (builtinModules.includes(name.replace(/^node:/, '')) && !pureBuiltins.includes(name));
    expect(violations((file) => (file.part === 'core' ? file.imports.filter(impure) : []))).toEqual([]);
  });

  it('core reads no clock, no environment and no chance', () => {
    const wrong = violations(({ part, program }) => {
      const found: string[] = [];
      if (part !== 'core') return found;
      new Visitor({
        NewExpression: ({ callee, arguments: given }) => {
          if (callee.type === 'Identifier' && callee.name === 'Date' && given.length === 0) found.push('new Date()');
        },
        MemberExpression: ({ object, property }) => {
          if (object.type !== 'Identifier' || property.type !== 'Identifier') return;
          const name = `${object.name}.${property.name}`;
          if (['Date.now', 'Math.random', 'process.env'].includes(name)) found.push(name);
        },
      }).visit(program);
      return found;
    });
    expect(wrong).toEqual([]);
  });

  it('no package of CommonJS is imported on the way: bundled, it would have a default export alone', () => {
    expect(violations(({ onTheWay }) => onTheWay.filter((name) => sdk.test(name)))).toEqual([]);
  });

  it('nothing goes through a shell', () => {
    const wrong = violations(({ program, imports }) => {
      const found: string[] = [];
      new Visitor({
        Property: ({ key, value }) => {
          const named = key.type === 'Identifier' ? key.name : key.type === 'Literal' ? key.value : undefined;
          if (named === 'shell' && !(value.type === 'Literal' && value.value === false)) found.push('shell');
        },
        ImportSpecifier: ({ imported }) => {
          const name = imported.type === 'Identifier' ? imported.name : imported.value;
          if (
            imports.some((each) => /child_process|execa/.test(each)) &&
            /^(exec|execSync|execaCommand\w*|\$)$/.test(name)
          )
            found.push(name);
        },
      }).visit(program);
      return found;
    });
    expect(wrong).toEqual([]);
  });

  it('no files load each other in a circle', () => {
    const graph = new Map(
      files.map((file) => [file.path.replace(/\.tsx?$/, ''), file.loads.flatMap((name) => ownFile(file, name) ?? [])]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      const at = way.indexOf(path);
      if (at >= 0) circles.push([...way.slice(at), path].join(' > '));
      if (at >= 0 || done.has(path)) return;
      for (const next of graph.get(path) ?? []) visit(next, [...way, path]);
      done.add(path);
    };
    for (const path of graph.keys()) visit(path, []);
    expect(circles).toEqual([]);
  });

  it.each(['container/parallel/dump-thread', 'container/parallel/load-thread'])(
    '%s loads nothing that only the main program needs: the server waits meanwhile',
    (program) => {
      const byPath = new Map(files.map((file) => [file.path.replace(/\.tsx?$/, ''), file]));
      const reached = new Set<string>();
      const visit = (path: string): void => {
        const file = byPath.get(path);
        if (!file || reached.has(path)) return;
        reached.add(path);
        for (const name of file.loads) visit(ownFile(file, name) ?? name);
      };
      visit(program);
      const packages = [...reached]
        .flatMap((path) => byPath.get(path)?.loads ?? [])
        .filter((name) => !/^[.]|^node:/.test(name));
      expect(packages).toContain('pg');
      expect(packages.filter((name) => /^(?:zod|commander|execa)$|^@aws-sdk/.test(name))).toEqual([]);
    },
  );

  it('nothing is exported by default', () => {
    const wrong = violations(({ text }) => (/^export default\b/m.test(text) ? ['export default'] : []));
    expect(wrong).toEqual([]);
  });
});
