import { TensorBoardTracker } from './tensorboard/tensorboard-tracker.ts';
import type { Tracker } from './tracker.ts';

/** What the owner of a worker has named to show runs, beside MLflow. */
export interface TrackerSettings {
  /** The folder for TensorBoard's files. */
  tensorBoard?: string | undefined;
}

/** The trackers that are on. A further one is a file in this folder, a setting, and a line here. */
export function trackersOf({ tensorBoard }: TrackerSettings): Tracker[] {
  return tensorBoard === undefined ? [] : [new TensorBoardTracker(tensorBoard)];
}
