/** The script that this build serves, for pages of the app that load it as a shop would. */
declare module 'virtual:control-room-sdk' {
	/** Such as `/sdk/v1/0123456789abcdef/control-room.js`. */
	export const path: string;
	/** For the script tag's `integrity` attribute. */
	export const integrity: string;
}
