/** The language of addresses: what pages, CSV and API read from a query and write into links. Pure; browser and server. */
export { buckets, bucketUnit, type Buckets, type BucketUnit } from './buckets';
export { readCursor, writeCursor, type Cursor, type CursorShape, type Direction } from './cursor';
export { fault, isFault, type QueryFault } from './fault';
export { MOST_WORDS, readFilters, type FilterKind, type FilterSpec, type FilterValues } from './filters';
export { asParam, NONE, wordOf } from './none';
export { addressesBy, CURSOR, withParams, type ParamValue } from './params';
export { isMoving, PRESETS, readRange, readSpan, type Range, type RangeContext, type Span } from './range';
export { chooseFault, scopeOf, type Keeping, type Scope } from './scope';
export { asksWhole, MOST_ROWS_OF_WHOLE, WHOLE } from './whole';
export { isWord, partedWords, without } from './words';
export { isZone, readZone, startOfDay, UTC, ZONE_COOKIE, zoneOffset } from './zone';
