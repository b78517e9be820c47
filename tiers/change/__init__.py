"""What a change of the plan does to what runs and to what holds data, from the plans before and after."""
