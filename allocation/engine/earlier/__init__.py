"""What was allocated before: filed months that a bill corrects, and bills that come with their shares."""
