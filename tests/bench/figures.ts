/** Medians with their spread, and the machine they come from: a figure without both says little. */
import { execSync } from 'node:child_process';
import os from 'node:os';

/** The median, and the smallest and largest beside it. */
export function spread(values: readonly number[], digits = 0): string {
	const sorted = [...values].sort((a, b) => a - b);
	const show = (value: number | undefined) => (value ?? NaN).toLocaleString('en', { maximumFractionDigits: digits });
	return sorted.length < 2 ? show(sorted[0]) : `${show(median(sorted))} (${show(sorted[0])} to ${show(sorted.at(-1))})`;
}

export function median(values: readonly number[]): number {
	return quantile(values, 0.5);
}

/** The nearest-rank quantile; NaN of nothing. */
export function quantile(values: readonly number[], part: number): number {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * part) - 1))] ?? NaN;
}

/** Rows as a Markdown table. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
	return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}

export function machine(): string {
	const [cpu] = os.cpus();
	return `${os.cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${Math.round(os.totalmem() / 2 ** 30)} GiB, ${os.type()} ${os.release()}, Node ${process.versions.node}, commit ${commit()}`;
}

function commit(): string {
	try {
		return execSync('git rev-parse --short HEAD', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
	} catch {
		return 'unknown';
	}
}
