//! What the two ends of the line into a guest say to each other: frames, requests and answers.
