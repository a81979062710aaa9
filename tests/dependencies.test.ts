/** What is installed is what was looked at: each package by its exact version, and held to a hash. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Manifest {
	dependencies: Record<string, string>;
	devDependencies: Record<string, string>;
	optionalDependencies: Record<string, string>;
}

interface Lock {
	packages: Record<string, { version?: string; resolved?: string; integrity?: string }>;
}

const read = (name: string): unknown => JSON.parse(readFileSync(name, 'utf8'));

test('every dependency is named by one version', () => {
	const { dependencies, devDependencies, optionalDependencies } = read('package.json') as Manifest;
	const all = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
	expect(all.length).toBeGreaterThan(30);
	const exact = /^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;
	expect(all.filter(([, version]) => !exact.test(version))).toEqual([]);
});

test('every package of the lock comes from the registry, by its hash', () => {
	const { packages } = read('package-lock.json') as Lock;
	const installed = Object.entries(packages).filter(([path]) => path !== '');
	expect(installed.length).toBeGreaterThan(300);
	const loose = installed.filter(([, { resolved, integrity }]) => (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) || !integrity?.startsWith('sha512-')); // prettier-ignore
	expect(loose.map(([path]) => path)).toEqual([]);
});
