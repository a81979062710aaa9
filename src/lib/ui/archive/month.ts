/** A month of which events are in the archive alone. */
export interface ArchivedMonth {
	/** 2026-01, of UTC. */
	month: string;
	/** Which objects have its events, by the times in their names: from, and to exclusively. */
	archiveFrom: number;
	archiveTo: number;
}
