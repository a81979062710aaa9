/**
 * The typeface on a wall that hangs for weeks. Pages leave it out for good when it comes too late for their first paint, so
 * that nothing moves (typeface.css). Nothing on a wall can: each line has its place. So the wall takes it whenever it comes.
 */
import interLatin from '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2?url';

const FAMILY = 'Inter of the wall';

/** Takes the typeface once it is there; without it the wall stays as it is. */
export async function takeTypeface(): Promise<void> {
	const face = new FontFace(FAMILY, `url(${interLatin}) format('woff2')`, { weight: '100 900' });
	try {
		document.fonts.add(await face.load());
	} catch {
		return;
	}
	const { style } = document.documentElement;
	const family = getComputedStyle(document.documentElement).getPropertyValue('--font');
	if (!family.includes(FAMILY)) style.setProperty('--font', `'${FAMILY}', ${family}`);
}
