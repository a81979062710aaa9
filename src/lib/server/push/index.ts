/** Pushing: from notices of commits to updates on screens, and what screens say of themselves. */
export { serveDisplays } from './displays';
export { createHub, type Hearing, type Hub, type HubOptions, type HubStats } from './hub';
