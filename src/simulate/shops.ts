/** The shops of a run: where they are, when their shoppers are awake, what they sell, and which client they have deployed. */
import { randomOf } from './random';

/** What a shop has deployed: this project's SDK, or one of the older clients. See clients.ts for how each behaves. */
export const CLIENTS = ['sdk', 'batches', 'beacon', 'modal'] as const;
export type ClientKind = (typeof CLIENTS)[number];

export interface Product {
	id: string;
	title: string;
	/** In hundredths. */
	price: number;
}

export interface Shop {
	domain: string;
	/** Hours that its clocks are ahead of UTC. */
	zone: number;
	/** Its share of all visits, in no particular unit. */
	weight: number;
	client: ClientKind;
	products: Product[];
	/** How much likelier an error is here than elsewhere. */
	clumsiness: number;
	/** The provider that does most of its inpainting, by its place in the list. */
	provider: number;
}

/** [name of the domain, hours ahead of UTC, language] */
const PLACES: readonly (readonly [string, number, keyof typeof GOODS])[] = [
	['nordic-home', 1, 'sv'],
	['atelier-lumiere', 1, 'fr'],
	['wohnfreude', 1, 'de'],
	['oak-and-linen', 0, 'en'],
	['casa-solana', 1, 'es'],
	['brooklyn-loft-co', -5, 'en'],
	['desert-modern', -8, 'en'],
	['tatami-living', 9, 'ja'],
	['grachtenhuis', 1, 'nl'],
	['studio-bergamo', 1, 'it'],
	['harbour-and-pine', 10, 'en'],
	['moebelwerk-berlin', 1, 'de'],
	['lisboa-interiores', 0, 'pt'],
	['hygge-hus', 1, 'da'],
	['maple-street-furniture', -6, 'en'],
	['seoul-salon', 9, 'ko'],
	['maison-verte', 1, 'fr'],
	['the-rug-room', 0, 'en'],
	['sofahaus-wien', 1, 'de'],
	['sala-mexico', -6, 'es'],
	['lamp-and-ladder', -5, 'en'],
	['warsaw-living', 1, 'pl'],
	['cape-cottage', 2, 'en'],
	['fjord-design', 1, 'sv'],
	['dubai-divan', 4, 'en'],
	['sao-paulo-sofas', -3, 'pt'],
	['kiwi-kitchen-table', 12, 'en'],
	['alpenholz', 1, 'de'],
	['toronto-timber', -5, 'en'],
	['milano-minimal', 1, 'it']
];

const GOODS = {
	en: ['Walnut sideboard, 160 cm', 'Linen sofa, three seats', 'Oak dining table', 'Wool rug, sand', 'Arc floor lamp'],
	de: ['Sideboard aus Nussbaum', 'Ecksofa „Größenwahn“, grau', 'Esstisch Eiche massiv', 'Stehleuchte Messing'],
	fr: ['Canapé d’angle en velours', 'Table basse en chêne', 'Fauteuil à bascule', 'Étagère murale, noyer'],
	es: ['Sofá de tres plazas', 'Mesa de comedor extensible', 'Lámpara de pie «Luna»', 'Sillón orejero'],
	it: ['Divano letto in lino', 'Credenza laccata, bianca', 'Poltrona girevole', 'Tavolino in marmo'],
	nl: ['Eikenhouten eettafel', 'Hoekbank, ribstof', 'Vloerkleed, 200 × 300', 'Hanglamp, zwart'],
	sv: ['Soffa i ull, ljusgrå', 'Skänk i valnöt', 'Fåtölj med fårskinn', 'Matbord i ask, 180 cm'],
	da: ['Sofabord i røget eg', 'Lænestol, cognac', 'Væghængt reol', 'Pendel i opalglas'],
	pt: ['Sofá-cama de linho', 'Mesa de jantar em carvalho', 'Poltrona de leitura', 'Tapete de lã, 160 × 230'],
	pl: ['Sofa narożna, zielona', 'Komoda dębowa', 'Lampa stojąca', 'Stół rozkładany'],
	ja: ['ウォールナットのサイドボード', '三人掛けリネンソファ', 'オーク材ダイニングテーブル', '和紙フロアランプ'],
	ko: ['월넛 사이드보드', '3인용 패브릭 소파', '원목 식탁, 180cm', '라탄 암체어']
} as const;

const PRODUCTS = 24;
const CLIENT_WEIGHTS = [45, 20, 20, 15];
const SIZES = ['', ' – S', ' – M', ' – L', ' – XL', ' (2026)'];

/** The shops of a run. A few are busy, most are small; each kind of client is deployed somewhere. */
export function shopsOf(seed: string, count: number): Shop[] {
	return Array.from({ length: count }, (_, index) => {
		const random = randomOf(seed, 'shop', index);
		const [name, zone, language] = PLACES[index % PLACES.length] ?? random.pick(PLACES);
		const round = Math.floor(index / PLACES.length);
		const products = Array.from({ length: PRODUCTS }, () => ({
			id: String(random.whole(7_100_000_000_000, 7_999_999_999_999)),
			title: random.pick(GOODS[language]) + random.pick(SIZES),
			price: Math.round(random.skewed(480, 0.8)) * 100 + random.pick([0, 90, 99])
		}));
		return {
			domain: `${name}${round === 0 ? '' : `-${round + 1}`}.myshopify.com`,
			zone,
			weight: random.skewed(1, 0.3) / (index + 2) ** 0.7,
			client: CLIENTS[index < CLIENTS.length ? index : random.weighted(CLIENT_WEIGHTS)] ?? 'sdk',
			products,
			clumsiness: random.skewed(1, 0.5),
			provider: random.whole(0, 4)
		};
	});
}
