import { expect, test } from 'vitest';
import { isPassword, isPasswordHash, passwordFault, passwordHash } from './passwords';

test('a password is known again from what is kept of it, each time with another salt, and no other one is', async () => {
	const [one, other] = await Promise.all([
		passwordHash('correct horse battery'),
		passwordHash('correct horse battery')
	]);
	expect(one).not.toBe(other);
	expect(one).not.toContain('horse');
	expect(await isPassword('correct horse battery', one)).toBe(true);
	expect(await isPassword('correct horse batterY', one)).toBe(false);
	expect(await isPassword('', one)).toBe(false);
});

test('a letter that can be written in two ways is one letter', async () => {
	expect(await isPassword('cafe\u0301 au lait noir', await passwordHash('caf\u00e9 au lait noir'))).toBe(true);
});

test('without anything kept no password is right', async () => {
	expect(await isPassword('correct horse battery', null)).toBe(false);
	expect(await isPassword('correct horse battery', 'correct horse battery')).toBe(false);
});

test('a hash is told from a password, and one whose costs this machine would choke on is none', () => {
	const salted = `${'s'.repeat(22)}$${'k'.repeat(43)}`;
	expect(isPasswordHash(`scrypt$65536$8$2$${salted}`)).toBe(true);
	expect(isPasswordHash(`scrypt$65535$8$2$${salted}`)).toBe(false);
	expect(isPasswordHash(`scrypt$1048576$64$1$${salted}`)).toBe(false);
	expect(isPasswordHash(`scrypt$65536$8$0$${salted}`)).toBe(false);
	expect(isPasswordHash('correct horse battery')).toBe(false);
});

test('a new password has 12 to 200 characters, typed twice alike', () => {
	expect(passwordFault('x'.repeat(12), 'x'.repeat(12))).toBeNull();
	expect(passwordFault('x'.repeat(200), 'x'.repeat(200))).toBeNull();
	expect(passwordFault('x'.repeat(11), 'x'.repeat(11))).toMatch(/at least 12/);
	expect(passwordFault('x'.repeat(201), 'x'.repeat(201))).toMatch(/at most 200/);
	expect(passwordFault('x'.repeat(12), 'x'.repeat(13))).toMatch(/differ/);
});
