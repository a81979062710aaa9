/** Pushing: from notices of commits to updates on screens. */
export { createHub, type Hearing, type Hub, type HubOptions, type HubStats } from './hub';
