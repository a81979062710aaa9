/** What pages and the API see of backfills, and by what they start and steer them. */
import type { Sql } from '../db/connect';
import { createJob, faultsOf, listJobs, readJob, steerJob, type Job, type JobAction, type JobState, type ObjectFault } from './backfill-jobs'; // prettier-ignore
import { keptResults } from './reconcile-daily';
import { readWish } from './backfill-wish';

/** A job as it is shown. Times in milliseconds since 1970. */
export interface JobView {
	id: number;
	state: JobState;
	from: number;
	to: number;
	prefix: string;
	dryRun: boolean;
	createdAt: number;
	startedAt: number | null;
	endedAt: number | null;
	updatedAt: number;
	/** Who runs it, or ran it last. */
	runner: string | null;
	/** What holds it up now. */
	fault: string | null;
	counts: {
		objects: number;
		/** Null until they are counted. */
		objectsTotal: number | null;
		/** = new + known + rejected. */
		events: number;
		new: number;
		known: number;
		rejected: number;
		damaged: number;
	};
	/** Since it was last taken up; null before there is anything to tell it by. */
	eventsPerSecond: number | null;
	secondsLeft: number | null;
	/** Objects that gave nothing back: the first by name. */
	faults: ObjectFault[];
}

const JOBS_SHOWN = 20;
const FAULTS_SHOWN = 50;
const COMPARISONS_SHOWN = 14;

/** @param look called when there is something to do */
export function backfillDesk(sql: Sql, look: () => void) {
	const view = async (job: Job): Promise<JobView> => viewOf(job, job.damaged === 0 ? [] : await faultsOf(sql, job.id, FAULTS_SHOWN)); // prettier-ignore
	return {
		/** The latest jobs, newest first. */
		async list(): Promise<JobView[]> {
			return Promise.all((await listJobs(sql, JOBS_SHOWN)).map(view));
		},
		/** Null when there is none. */
		async read(id: number): Promise<JobView | null> {
			const job = await readJob(sql, id);
			return job && view(job);
		},
		/** How log and archive compared, the latest comparisons first. */
		comparisons: () => keptResults(sql, COMPARISONS_SHOWN),
		/** Asks for a job; a text says what is wrong with what was asked. */
		async ask(wanted: unknown): Promise<JobView | string> {
			const wish = readWish(wanted);
			if (typeof wish === 'string') return wish;
			const job = await createJob(sql, wish);
			look();
			return view(job);
		},
		/** The job after it; the state that allows no such thing; null when there is none. */
		async steer(id: number, action: JobAction): Promise<JobView | JobState | null> {
			const steered = await steerJob(sql, id, action);
			if (steered === null || typeof steered === 'string') return steered;
			if (action === 'resume') look();
			return view(steered);
		}
	};
}

export type BackfillDesk = ReturnType<typeof backfillDesk>;

function viewOf(job: Job, faults: ObjectFault[]): JobView {
	const { id, state, from, to, prefix, dryRun, createdAt, startedAt, endedAt, updatedAt, runner, fault } = job;
	const { objects, objectsTotal, events, newEvents, knownEvents, rejected, damaged } = job;
	const seconds = job.takenUpAt === null ? 0 : (updatedAt - job.takenUpAt) / 1000;
	const rate = (done: number) => (seconds > 0 && done > 0 ? done / seconds : null);
	const objectsPerSecond = rate(objects - job.takenUpObjects);
	return {
		id,
		state,
		from,
		to,
		prefix,
		dryRun,
		createdAt,
		startedAt,
		endedAt,
		updatedAt,
		runner,
		fault,
		counts: { objects, objectsTotal, events, new: newEvents, known: knownEvents, rejected, damaged },
		eventsPerSecond: rate(events - job.takenUpEvents),
		secondsLeft:
			state !== 'running' || objectsTotal === null || objectsPerSecond === null
				? null
				: Math.max(0, objectsTotal - objects) / objectsPerSecond,
		faults
	};
}
