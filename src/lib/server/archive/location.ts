/** Where the archive is, as ARCHIVE_URL says it. */

export type ArchiveLocation = FolderLocation | BucketLocation;

export interface FolderLocation {
	kind: 'folder';
	/** Absolute. */
	folder: string;
}

export interface BucketLocation {
	kind: 'bucket';
	bucket: string;
	/** Before every name: '' or with a slash at its end. */
	prefix: string;
	/** Of the storage API, where it is not Google's own. */
	endpoint: string | undefined;
	/** Google's credentials, or a file with them. Without both, what Google's libraries find by themselves. */
	credentials: GoogleCredentials | undefined;
	keyFile: string | undefined;
}

/** What a service account's key file says, or one of another kind. */
export interface GoogleCredentials {
	type: string;
	client_email?: string;
	private_key?: string;
}

/** The bucket and prefix of `gs://bucket/prefix`, or null when it is no such address. */
export function bucketOf(url: string): Pick<BucketLocation, 'kind' | 'bucket' | 'prefix'> | null {
	// What the service takes as a bucket's name.
	const [, bucket, path = ''] = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(\/.*)?$/.exec(url) ?? [];
	if (bucket === undefined) return null;
	const folders = path.split('/').filter((part) => part !== '');
	return { kind: 'bucket', bucket, prefix: folders.length === 0 ? '' : `${folders.join('/')}/` };
}
