/**
 * The package's types: those of the SDK's modules as they are, and the event map written out. It is inferred from zod's
 * schemas, and whoever uses the SDK needs neither zod nor this project to read it.
 */
import { basename } from 'node:path';
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
	strict: true,
	exactOptionalPropertyTypes: true,
	target: ts.ScriptTarget.ES2022,
	module: ts.ModuleKind.ESNext,
	moduleResolution: ts.ModuleResolutionKind.Bundler,
	lib: ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
	types: ['node'],
	skipLibCheck: true,
	declaration: true,
	emitDeclarationOnly: true
};
const EVENTS = 'events.d.ts';
const FAMILIES = '/lib/events/families.ts';

/** The declaration files by name, of these modules and all of the SDK's that they import. */
export function declarations(entries: string[]): Map<string, string> {
	const program = ts.createProgram(entries, OPTIONS);
	const files = new Map<string, string>();
	program.emit(undefined, (name, text, _bom, _onError, sources) => {
		if (!sources?.some(({ fileName }) => fileName.includes('/src/sdk/'))) return;
		// Node's own resolution wants the extension.
		const plain = text
			.replace(/'\.\.\/lib\/events\/families'/g, "'./events.js'")
			.replace(/'(\.\/[\w-]+)'/g, (_, path: string) => `'${path}.js'`);
		files.set(basename(name), plain);
	});
	files.set(EVENTS, eventMap(program));
	return files;
}

function eventMap(program: ts.Program): string {
	const checker = program.getTypeChecker();
	const families = program.getSourceFiles().find(({ fileName }) => fileName.endsWith(FAMILIES));
	const symbol = families && checker.getSymbolAtLocation(families);
	const map = symbol && checker.getExportsOfModule(symbol).find(({ name }) => name === 'EventMap');
	if (!map) throw new Error('there is no EventMap in families.ts');
	const members = checker
		.getDeclaredTypeOfSymbol(map)
		.getProperties()
		.map((property) => {
			const type = checker.typeToString(checker.getTypeOfSymbol(property), undefined, ts.TypeFormatFlags.NoTruncation);
			return `\t${property.name}: ${type.replaceAll('; ', ';\n\t\t').replace('{ ', '{\n\t\t').replace(/\s*}$/, '\n\t}')};`;
		});
	return [
		'/** One of the known words, or any other. */',
		'export type Word<Known extends string> = Known | (string & Record<never, never>);',
		'/** What each known event type carries in its `data`. */',
		`export interface EventMap {\n${members.join('\n')}\n}\n`
	].join('\n');
}
