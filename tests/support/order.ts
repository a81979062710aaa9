/** In which order test files run: no long one begins when the others are done. */
import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take long, the longest first: by a whole run on two cores. The others follow by their size. */
const LONGEST = [
	'tests/e2e/attacks.test.ts',
	'tests/e2e/archive.test.ts',
	'tests/e2e/bad-input.test.ts',
	'tests/e2e/crash.test.ts',
	'tests/e2e/scope.test.ts',
	'tests/e2e/pages.test.ts',
	'tests/e2e/reading.test.ts',
	'tests/docs.test.ts',
	'tests/e2e/openapi.test.ts',
	'tests/e2e/sdk-package.test.ts',
	'tests/e2e/backfill-killed.test.ts',
	'tests/e2e/process.test.ts',
	'tests/e2e/demo.test.ts',
	'tests/e2e/numbers.test.ts',
	'tests/e2e/people.test.ts'
];

export class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const place = ({ moduleId }: TestSpecification): number => {
			const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId).replaceAll('\\', '/'));
			return at < 0 ? LONGEST.length : at;
		};
		return (await super.sort(files)).sort((one, other) => place(one) - place(other));
	}
}
