/** Several words of an address, some of which are to be left out: `ended,-completed` is all that is over and not completed. */

import { LONGEST_TEXT } from './filters';

const WITHOUT = '-';

/** The words that are asked for (none: any), and those that are not wanted. */
export function partedWords(words: readonly string[]): { only: string[]; without: string[] } {
	const isWanted = (word: string) => !word.startsWith(WITHOUT);
	return {
		only: words.filter(isWanted),
		without: words.filter((word) => !isWanted(word)).map((word) => word.slice(WITHOUT.length))
	};
}

/** A word as an address says that it is not wanted. */
export function without(word: string): string {
	return `${WITHOUT}${word}`;
}

/** Can an address ask for the word as it is, among others? Commas part words, and spaces around them are lost. */
export function isWord(word: string): boolean {
	return (
		word !== '' &&
		word.length <= LONGEST_TEXT &&
		word.trim() === word &&
		!word.includes(',') &&
		!word.startsWith(WITHOUT)
	);
}
