/** What both kinds of stores promise, the bucket behind the real client library. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Storage } from '@google-cloud/storage';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { FileStore } from '../../src/lib/server/archive/files';
import { BucketStore } from '../../src/lib/server/archive/gcs';
import { DamagedObject, type ListRange, type ObjectStore } from '../../src/lib/server/archive/store';
import { startFakeBucket, type FakeBucket } from '../support/fake-gcs';
import { temporaryFolder } from '../support/process';

const NAME = 'analytics/events/2026/01/09/2026-01-09T11:12:16.123Z_0123456789abcdef.json';
const ONE = Buffer.from('{"one":"椅子"}');
const TWO = Buffer.from('{"two":2}');

let fake: FakeBucket;
beforeEach(async () => {
	fake = await startFakeBucket();
});
afterEach(() => fake.close());

function bucket(change: object = {}): ObjectStore {
	return new BucketStore({
		kind: 'bucket',
		bucket: 'events',
		prefix: 'shop/',
		endpoint: fake.endpoint,
		credentials: undefined,
		keyFile: undefined,
		...change
	});
}

async function names(store: ObjectStore, range: ListRange): Promise<string[]> {
	const found = [];
	for await (const { name } of store.list(range)) found.push(name);
	return found;
}

describe.each([
	['a bucket', () => Promise.resolve(bucket())],
	['a folder', async () => new FileStore(join(await temporaryFolder(), 'archive'))]
])('%s', (_, open: () => Promise<ObjectStore>) => {
	let store: ObjectStore;
	beforeEach(async () => {
		store = await open();
	});

	it('takes an object once, knows the same again, and never writes over another', async () => {
		expect(await store.read(NAME)).toBeNull();
		expect(await store.create(NAME, ONE)).toBe('created');
		expect(await store.create(NAME, ONE)).toBe('same');
		expect(await store.create(NAME, TWO)).toBe('different');
		expect(Buffer.from((await store.read(NAME))?.body ?? [])).toEqual(ONE);
	});

	it('gives back what somebody has zipped as it was before, and changes exactly those bytes', async () => {
		await store.create(NAME, gzipSync(ONE));
		const there = await store.read(NAME);
		expect(Buffer.from(there?.body ?? [])).toEqual(ONE);
		expect(await store.replace(NAME, TWO, there?.generation ?? '')).toBe('replaced');
		expect(Buffer.from((await store.read(NAME))?.body ?? [])).toEqual(TWO);
		const cut = NAME.replace('.json', '1.json');
		await store.create(cut, gzipSync(ONE).subarray(0, 20));
		await expect(store.read(cut)).rejects.toThrow(DamagedObject);
	});

	it('gives an object to one of many who create it at once', async () => {
		const bodies = Array.from({ length: 8 }, (__, index) => Buffer.from(`{"n":${index}}`));
		const outcomes = await Promise.all(bodies.map((body) => store.create(NAME, body)));
		expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
		expect(outcomes.filter((outcome) => outcome === 'different')).toHaveLength(7);
		expect(Buffer.from((await store.read(NAME))?.body ?? [])).toEqual(bodies[outcomes.indexOf('created')]);
	});

	it('replaces and removes the generation that was read, and no other', async () => {
		await store.create(NAME, ONE);
		const first = (await store.read(NAME))?.generation ?? '';
		expect(await store.replace(NAME, TWO, first)).toBe('replaced');
		const second = (await store.read(NAME))?.generation ?? '';
		expect(await store.replace(NAME, ONE, first)).toBe('changed');
		expect(await store.remove(NAME, first)).toBe('changed');
		expect(Buffer.from((await store.read(NAME))?.body ?? [])).toEqual(TWO);
		expect(await store.remove(NAME, second)).toBe('removed');
		expect(await store.remove(NAME, second)).toBe('changed');
		expect(await store.replace(NAME, ONE, second)).toBe('changed');
		expect(await store.read(NAME)).toBeNull();
	});

	it('lists what is asked for, in the order of time', async () => {
		const all = ['2025/12/31/2025-12-31T23:59:59.999Z_a', '2026/01/01/2026-01-01T00:00:00.000Z_a', '2026/01/01/2026-01-01T00:00:00.000Z_b', '2026/02/03/2026-02-03T04:05:06.007Z_a'].map((name) => `analytics/events/${name}.json`); // prettier-ignore
		for (const name of [...all].reverse()) await store.create(name, ONE);
		fake.page = 2;
		expect(await names(store, { prefix: '' })).toEqual(all);
		expect(await names(store, { prefix: 'analytics/events/2026/' })).toEqual(all.slice(1));
		expect(await names(store, { prefix: 'analytics/events/2026/0' })).toEqual(all.slice(1));
		expect(await names(store, { prefix: 'analytics/events/2026/01/01/2026-01-01T00:00:00.000Z_b' })).toEqual([all[2]]);
		expect(await names(store, { prefix: 'analytics/', from: all[1] ?? '', to: all[3] ?? '' })).toEqual(all.slice(1, 3));
		expect(await names(store, { prefix: '', from: 'analytics/events/2026/01/01/2026-01-01T00:00:00.000Z_b' })).toEqual(all.slice(2)); // prettier-ignore
		expect(await names(store, { prefix: '', to: 'analytics/events/2026/02' })).toEqual(all.slice(0, 3));
		expect(await names(store, { prefix: 'nothing' })).toEqual([]);
		for await (const { size } of store.list({ prefix: '' })) expect(size).toBe(ONE.length);
	});
});

describe('a folder', () => {
	it('takes no name that would lead out of it, or be hidden', async () => {
		const folder = await temporaryFolder();
		const store = new FileStore(folder);
		for (const name of ['../a', 'a/../../b', '/a', 'a//b', '.a/b', 'a\0b', '']) {
			await expect(store.create(name, ONE)).rejects.toThrow('no name of an object');
		}
		expect(await readdir(folder)).toEqual([]);
	});

	it('leaves nothing behind but the objects, and shows nothing else', async () => {
		const folder = await temporaryFolder();
		const store = new FileStore(folder);
		await store.create(NAME, ONE);
		await store.create(NAME, TWO);
		await writeFile(join(folder, '.writing', 'half'), '{');
		expect(await names(store, { prefix: '' })).toEqual([NAME]);
		expect((await readdir(join(folder, '.writing'))).sort()).toEqual(['half']);
	});
});

describe('a bucket', () => {
	it.each(['unavailable', 'limited', 'cut', 'cut after'] as const)(
		'that fails once (%s) is asked again, and has the object once',
		async (fault) => {
			for (const call of ['create', 'read', 'list', 'replace', 'remove'] as const) {
				let failed = false;
				const store = bucket();
				const there = call === 'create' ? '' : ((await store.read(NAME))?.generation ?? '');
				fake.fail = () => (failed ? null : ((failed = true), fault));
				if (call === 'create') expect(['created', 'same']).toContain(await store.create(NAME, ONE));
				if (call === 'read') expect((await store.read(NAME))?.generation).toBe(there);
				if (call === 'list') expect(await names(store, { prefix: '' })).toEqual([NAME]);
				if (call === 'replace') expect(await store.replace(NAME, TWO, there)).toBe('replaced');
				if (call === 'remove') expect(['removed', 'changed']).toContain(await store.remove(NAME, there));
				expect(failed).toBe(true);
				fake.fail = () => null;
			}
			expect(fake.writes).toEqual(new Map([[`shop/${NAME}`, 2]]));
			expect(fake.objects.size).toBe(0);
		}
	);

	it('keeps objects as JSON under its prefix', async () => {
		await bucket().create(NAME, ONE);
		expect([...fake.objects.keys()]).toEqual([`shop/${NAME}`]);
		expect(fake.objects.get(`shop/${NAME}`)?.contentType).toBe('application/json');
		await bucket({ prefix: '' }).create(NAME, ONE);
		expect([...fake.objects.keys()]).toContain(NAME);
	});

	it('reads an object again that came cut off, and says when its bytes are not what was stored', async () => {
		await bucket().create(NAME, ONE);
		let left = 1;
		fake.fail = () => (left-- > 0 ? 'truncated' : null);
		expect(Buffer.from((await bucket().read(NAME))?.body ?? [])).toEqual(ONE);
		fake.fail = () => 'flipped';
		await expect(bucket().read(NAME)).rejects.toThrow(DamagedObject);
	});

	it('that gives no answer that helps says what it met', async () => {
		fake.away = true;
		await expect(bucket().create(NAME, ONE)).rejects.toThrow(/ECONNRESET|socket hang up/);
		fake.away = false;
		fake.token = 'right';
		await expect(bucket().create(NAME, ONE)).rejects.toThrow('Invalid Credentials');
		expect(fake.requests.filter((request) => request.startsWith('POST /upload'))).toHaveLength(6);
	});

	it('is asked with the credentials that the settings have', async () => {
		fake.token = 'right';
		expect(await bucket({ credentials: fake.credentials }).create(NAME, ONE)).toBe('created');
		const keyFile = join(await temporaryFolder(), 'key.json');
		await writeFile(keyFile, JSON.stringify(fake.credentials));
		expect(await bucket({ keyFile }).create(NAME, ONE)).toBe('same');
	});

	it('is asked with the credentials that the machine has, where the settings have none', async () => {
		const home = await temporaryFolder();
		await mkdir(join(home, '.config', 'gcloud'), { recursive: true });
		await writeFile(join(home, '.config', 'gcloud', 'application_default_credentials.json'), JSON.stringify(fake.credentials)); // prettier-ignore
		vi.stubEnv('HOME', home);
		vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', undefined);
		onTestFinished(() => void vi.unstubAllEnvs());
		// What is encrypted is Google's own, to a client: nobody is there, but by then it has its token.
		const asking = bucket({ endpoint: 'https://127.0.0.1:1' }).read(NAME);
		await expect(asking).rejects.toThrow();
		expect(fake.requests).toContain('POST /token');
	});

	it('may have objects that others sent in parts, which are read, known and never written over', async () => {
		const others = new Storage({ apiEndpoint: fake.endpoint, useAuthWithCustomEndpoint: false });
		const send = (preconditionOpts: object) =>
			others.bucket('events').file(`shop/${NAME}`).save(ONE, { resumable: true, preconditionOpts });
		await send({ ifGenerationMatch: 0 });
		expect(fake.requests.filter((request) => request.startsWith('PUT /upload'))).toHaveLength(1);
		expect(Buffer.from((await bucket().read(NAME))?.body ?? [])).toEqual(ONE);
		expect(await bucket().create(NAME, ONE)).toBe('same');
		expect(await bucket().create(NAME, TWO)).toBe('different');
		await expect(send({ ifGenerationMatch: 0 })).rejects.toMatchObject({ code: 412 });
		expect(fake.writes.get(`shop/${NAME}`)).toBe(1);
	});

	it('does not put up with an object that arrived otherwise than it was sent', async () => {
		expect(await bucket().create(NAME, ONE)).toBe('created');
		const stored = fake.objects.get(`shop/${NAME}`);
		if (stored) stored.md5 = 'another';
		expect(await bucket().create(NAME, ONE)).toBe('different');
	});
});
